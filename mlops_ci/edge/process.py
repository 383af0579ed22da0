"""Runs a child process with its whole process group under control, and measures it."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO

_POLL_SECONDS = 0.05
_GRACE_SECONDS = 5.0
_LONGEST_LINE = 65_536
_LAUNCHER = Path(__file__).with_name("launcher.py")
# The launcher tells nothing when it was killed with its group.
_NO_REPORT = f"[{int(signal.SIGKILL)}, 0.0, 0]"


@dataclass(frozen=True, slots=True)
class Finished:
    """How a process ended.

    ``exit_code`` is negative for a signal; ``peak_memory`` is in bytes, of its largest descendant. ``ended`` says why
    we ended it, ``cancelled`` or ``timeout``; None where it ended by itself.
    """

    exit_code: int
    seconds: float
    cpu_seconds: float
    peak_memory: int
    ended: str | None = None


def run_logged(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    on_line: Callable[[str], None],
    cancelled: Event,
    timeout: float | None = None,
) -> Finished:
    """Run a process, hand each line of its output to ``on_line``, and leave nothing of its process group behind.

    The group ends with it, and also when we are killed outright.

    Raises:
        OSError: no process can be started.
    """
    started = time.monotonic()
    lifeline, held = os.pipe()
    told, report = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_LAUNCHER), str(lifeline), str(report), *argv],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(lifeline, report),
        )
    except OSError:
        _close(lifeline, held, told, report)
        raise
    _close(lifeline, report)
    try:
        ended = _follow(process, on_line, cancelled, started, timeout)
        status, cpu_seconds, maxrss = json.loads(os.read(told, 4096) or _NO_REPORT)
    finally:
        _close(held, told)
    return Finished(
        exit_code=os.waitstatus_to_exitcode(status),
        seconds=time.monotonic() - started,
        cpu_seconds=cpu_seconds,
        peak_memory=_peak_bytes(maxrss),
        ended=ended,
    )


def _follow(
    process: subprocess.Popen[bytes],
    on_line: Callable[[str], None],
    cancelled: Event,
    started: float,
    timeout: float | None,
) -> str | None:
    """Read a process's output until it has ended; return why we ended it, if we did."""
    output = process.stdout
    if output is None:
        raise AssertionError("the process was started with a pipe")
    lines = _LineReader(output, on_line)
    ended: str | None = None
    kill_at: float | None = None
    try:
        while process.poll() is None:
            lines.read_for(_POLL_SECONDS)
            now = time.monotonic()
            if ended is None and (cancelled.is_set() or (timeout is not None and now - started > timeout)):
                ended = "cancelled" if cancelled.is_set() else "timeout"
                kill_at = now + _GRACE_SECONDS
                _signal_group(process.pid, signal.SIGTERM)
            if kill_at is not None and now > kill_at:
                _signal_group(process.pid, signal.SIGKILL)
    finally:
        # Background children would outlive the step and hold its pipe open.
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()
        lines.drain()
        output.close()
    return ended


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _signal_group(leader: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # gone already; macOS says EPERM for zombies
        os.killpg(leader, number)


def _peak_bytes(maxrss: int) -> int:
    return maxrss if os.uname().sysname == "Darwin" else maxrss * 1024


class _LineReader:
    """Splits a pipe into lines (a carriage return ends one too: progress bars) without ever blocking."""

    def __init__(self, pipe: IO[bytes], on_line: Callable[[str], None]) -> None:
        self._descriptor = pipe.fileno()
        self._on_line = on_line
        self._rest = b""
        self._open = True
        os.set_blocking(self._descriptor, False)

    def read_for(self, seconds: float) -> None:
        """Wait for output at most this long, and take what is there."""
        if not self._open:
            time.sleep(seconds)
            return
        with selectors.DefaultSelector() as selector:
            selector.register(self._descriptor, selectors.EVENT_READ)
            if selector.select(seconds):
                self._take()

    def drain(self) -> None:
        """Take what is left, and the last line even if nothing ends it."""
        while self._open and self._take():
            pass
        if self._rest:
            self._emit(self._rest)
            self._rest = b""

    def _take(self) -> bool:
        try:
            chunk = os.read(self._descriptor, _LONGEST_LINE)
        except BlockingIOError:
            return False
        if not chunk:
            self._open = False
            return False
        *lines, self._rest = (self._rest + chunk).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            self._emit(line)
        if len(self._rest) > _LONGEST_LINE:
            self._emit(self._rest)
            self._rest = b""
        return True

    def _emit(self, line: bytes) -> None:
        self._on_line(line.decode("utf-8", errors="replace"))
