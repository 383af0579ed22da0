"""One execution of a notebook: what its cells print goes on at once, and what came of it is kept after each cell."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from mlops_ci.notebook.kernel import Kernel

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_STARTING_SECONDS = 300
_TRACEBACK_LINES = 30
_LONGEST = 300
_TERMINATED = 128 + signal.SIGTERM


class _Client(NotebookClient):
    """Hands on what cells print."""

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> Any:
        """Take an output of a cell."""
        if msg["msg_type"] == "stream":
            sys.stdout.write(msg["content"]["text"])
            sys.stdout.flush()
        return super().output(outs, msg, display_id, cell_index)


class Execution:
    """A notebook, and the file that it is kept in with its outputs."""

    def __init__(self, notebook: Path, kept: Path) -> None:
        self._name = notebook.name
        self._kept = kept
        self._notebook = nbformat.read(notebook, as_version=4)
        self._cell = 0
        self._kernel = Kernel()

    def run(self) -> int:
        """Run all cells.

        Returns:
            0; 1 where a cell has failed.
        """
        client = _Client(
            self._notebook,
            km=self._kernel,
            timeout=None,
            startup_timeout=_STARTING_SECONDS,
            allow_errors=False,
            record_timing=False,
            on_notebook_start=self._listen,
            on_cell_start=self._started,
            on_cell_executed=self._keep,
        )
        client.owns_km = True  # nbclient ends the kernel
        self._keep()
        try:
            client.execute()
        except CellExecutionError:
            return self._failed()
        except DeadKernelError:
            return self._died(self._kernel.ended_by)
        except (RuntimeError, asyncio.CancelledError) as error:
            return self._told(f"the kernel does not work: {str(error) or 'it was ended while it started'}")
        finally:
            self._keep()
        return 0

    def _listen(self, **_: Any) -> None:
        """Once the kernel is there, end at once when told to: nbclient would first let it come to an end."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._ended)

    def _ended(self) -> None:
        self._keep()
        self._kernel.kill()
        os._exit(_TERMINATED)

    def _started(self, cell_index: int, **_: Any) -> None:
        self._cell = cell_index

    def _keep(self, **_: Any) -> None:
        """Write what there is; never half of it, whenever we are killed."""
        self._kept.parent.mkdir(parents=True, exist_ok=True)
        partial = self._kept.with_suffix(".partial")
        nbformat.write(self._notebook, partial)
        partial.replace(self._kept)

    def _failed(self) -> int:
        cell = self._notebook.cells[self._cell]
        error = next((output for output in reversed(cell.outputs) if output.output_type == "error"), None)
        if error is None:
            return self._told(f"{self._place} failed")
        lines = [line for part in error.traceback for line in _COLOURS.sub("", part).splitlines()]
        sys.stdout.write("".join(f"{line}\n" for line in lines[-_TRACEBACK_LINES:]))
        return self._told(f"{self._place}: {error.ename}: {_COLOURS.sub('', error.evalue)}")

    def _died(self, number: int | None) -> int:
        if number is None:
            return self._told(f"{self._place} has ended the kernel")
        self._told(f"{self._place} was running when the kernel was killed by {signal.Signals(number).name}")
        self._keep()
        # Whoever started us reads from our own end what has ended the kernel: a lack of memory, mostly.
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        return 1

    @property
    def _place(self) -> str:
        count = self._notebook.cells[self._cell].get("execution_count")
        return f"cell {self._cell + 1}" + (f" (In [{count}])" if count else "")

    def _told(self, what: str) -> int:
        sys.stdout.write(f"error: {self._name}: {' '.join(what.split())[:_LONGEST]}\n")
        sys.stdout.flush()
        return 1
