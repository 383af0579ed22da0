"""Processes that outlive their starter, found again by whoever reads their record.

A record has the process's number and when it started: another process that got the same number later is left alone.
The process writes the record itself before it becomes the command, so that it never runs unknown to all.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlops_ci.errors import RemoteError

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_POLL = 0.02
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Daemon:
    """A process: its number, and what tells it from others that have had it."""

    pid: int
    started: str


def spawn(argv: Sequence[str], *, env: Mapping[str, str], log: Path, record: Path) -> Daemon:
    """Start a process in a group of its own, whose output is appended to a file.

    Raises:
        RemoteError: it could not be started.
    """
    command = [sys.executable, "-P", "-m", "mlops_ci.edge.daemon", str(record), *argv]
    descriptors = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    # No Popen: that would want to be waited for.
    pid = os.posix_spawn(command[0], command, dict(env), file_actions=descriptors, setsid=True)
    end = time.monotonic() + _PATIENCE
    while (daemon := read_record(record)) is None or daemon.pid != pid:
        if identity(pid) is None or time.monotonic() > end:
            raise RemoteError("the process could not be started", where=str(log), hint="see what it says there")
        time.sleep(_POLL)
    return daemon


def read_record(record: Path) -> Daemon | None:
    """The process that a record speaks of."""
    try:
        pid, _, started = record.read_text().strip().partition(" ")
        return Daemon(int(pid), started)
    except (OSError, ValueError):
        return None


def is_alive(daemon: Daemon) -> bool:
    """Whether the process still runs, that one and not another with its number."""
    return identity(daemon.pid) == daemon.started


def stop(daemon: Daemon, grace: float) -> None:
    """Let a process finish what it has begun, for so many seconds at most, and end it with its group."""
    if not is_alive(daemon):
        return
    _signal(daemon, signal.SIGTERM)
    end = time.monotonic() + grace
    while is_alive(daemon):
        if time.monotonic() > end:
            _signal(daemon, signal.SIGKILL)
            end += _PATIENCE
        time.sleep(_POLL)


def identity(pid: int) -> str | None:
    """When a process started, as exactly as the machine tells; None if there is none, or it only waits to be buried."""
    with suppress(OSError):  # not our child
        os.waitpid(pid, os.WNOHANG)
    if not _BOOT.exists():
        asked = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return "-".join(asked.stdout.split()) or None
    try:
        # The name in parentheses may have blanks and parentheses itself.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else f"{_BOOT.read_text().strip()}-{fields[19]}"


def _signal(daemon: Daemon, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(daemon.pid, number)


def _become() -> None:
    record, command = Path(sys.argv[1]), sys.argv[2:]
    partial = record.with_name(f"{record.name}.{os.getpid()}")
    partial.write_text(f"{os.getpid()} {identity(os.getpid())}\n")
    partial.replace(record)
    try:
        os.execv(command[0], command)  # noqa: S606 - starting what we are told to is our purpose
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    _become()
