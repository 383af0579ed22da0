"""Ports on the loopback interface, and waiting until somebody listens there."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import time
from functools import cache
from itertools import cycle

_PATIENCE = 90.0
# Below those that the system gives to whoever asks for any port, or connects: until a program has begun, which may take
# seconds, one of those would be taken now and then.
_FIRST, _WORKERS, _EACH = 11_000, 10, 2_000


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses and nobody else gets, all different and each given once."""
    found: list[int] = []
    while len(found) < count:
        if _is_free(port := next(_own())):
            found.append(port)
    return found


@cache
def _own() -> cycle[int]:
    """The ports of this worker of the tests, from any of them on, as there may be tests of another checkout."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    first, start = _FIRST + worker * _EACH, random.SystemRandom().randrange(_EACH)
    return cycle(first + (start + number) % _EACH for number in range(_EACH))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


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
