"""Ports on the loopback interface, and waiting until somebody listens there."""

from __future__ import annotations

import socket
import subprocess
import time

_PATIENCE = 90.0


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses right now, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def wait_for(port: int, process: subprocess.Popen[bytes], log: str) -> None:
    """Return once a process listens; fail with the end of its log if it ended before."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, f"it ended by itself:\n{log_tail(log)}"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on port {port}:\n{log_tail(log)}")


def log_tail(log: str) -> str:
    """The last lines of a log file."""
    with open(log, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - a path as text
        return file.read()[-2000:]
