"""A program in our place: it has our terminal, gets our signals, and its end is ours."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import FrameType

from mlops_ci.errors import UsageError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_in_front(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a program until it ends; return its exit code, as shells count where a signal has ended it.

    Raises:
        UsageError: there is no such program.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    waiting: list[int] = []
    running: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        if running:
            running[0].send_signal(number)
        else:
            waiting.append(number)

    try:
        for number in _SIGNALS:
            signal.signal(number, pass_on)
        # In a group of its own: a terminal tells all of a group of Ctrl-C, and it is told by us.
        running.append(subprocess.Popen(command, env=dict(environ), process_group=0))
        for number in waiting:
            running[0].send_signal(number)
        code = running[0].wait()
    except OSError as error:
        raise UsageError(f"cannot be started: {error.strerror}", where=command[0]) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code
