"""Shows how far large files have come on their way to or from a workspace."""

from __future__ import annotations

import re
import shutil
import sys
import time
from contextlib import suppress
from threading import Lock

import click

from mlops_ci.cli.output import echo

_LARGE = 32 << 20  # below, nobody waits long enough to ask
_OFTEN = 0.2  # seconds between updates of a line on a terminal
_SELDOM = 15.0  # seconds between lines in a log
_DIGEST = re.compile("[0-9a-f]{64}")
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


class Transfers:
    """Tells of large transfers on stderr: on a terminal in one line that changes, in a log now and then."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._began: dict[str, float] = {}
        self._said: dict[str, float] = {}
        self._terminal = sys.stderr is not None and sys.stderr.isatty()

    def __call__(self, key: str, moved: int, total: int) -> None:
        """Take note of a transfer's progress."""
        if total < _LARGE:
            return
        now = time.monotonic()
        with self._lock, suppress(BrokenPipeError, ValueError):  # the work goes on when nobody reads of it
            began = self._began.setdefault(key, now)
            last = self._said.setdefault(key, began)
            done = moved >= total
            if done or now - last >= (_OFTEN if self._terminal else _SELDOM):
                self._said[key] = now
                self._say(key, moved, total, max(now - began, 1e-9), done=done)
            if done:
                del self._began[key], self._said[key]

    def _say(self, key: str, moved: int, total: int, seconds: float, *, done: bool) -> None:
        text = f"{_name(key)}: {size(moved)} of {size(total)}, {size(moved / seconds)}/s"
        if self._terminal:
            room = shutil.get_terminal_size().columns - 1  # a line that wraps could not be written over
            click.echo(f"\r\x1b[K{text[-room:]}", err=True, nl=done)
        else:
            echo(text, err=True)


def _name(key: str) -> str:
    """What people know an object by: the name of a file, or the beginning of the digest that names a result."""
    name = key.rpartition("/")[2]
    return f"cached {name[:12]}" if _DIGEST.fullmatch(name) else name


def size(amount: float) -> str:
    """A number of bytes for people."""
    for unit in _UNITS:
        if amount < 1000 or unit == _UNITS[-1]:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError("unreachable: the last unit takes every amount")
