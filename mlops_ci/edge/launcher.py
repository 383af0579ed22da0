"""Starts one command for :mod:`mlops_ci.edge.process`; a program of its own, on the standard library alone.

It stands between us and the command for two reasons. The kernel counts a process's memory from before its ``exec``,
so that a command started by a large process would seem to be as large. And when we are killed outright, nobody else
is left to end what we started.

Usage: ``python -I -S launcher.py LIFELINE REPORT COMMAND...``: LIFELINE is the reading end of a pipe that closes when
its starter dies; REPORT takes ``[wait status, processor seconds, ru_maxrss]`` as JSON when the command has ended.
"""

import json
import os
import select
import signal
import sys

_FORWARDED = (signal.SIGINT, signal.SIGTERM)
_CANNOT_START = 127


def main() -> None:
    """Run the command, and stay until it or the starter is gone."""
    lifeline, report, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    for descriptor in (lifeline, report):
        os.set_inheritable(descriptor, False)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    child = os.fork()
    if child == 0:
        _become(command)
    # A signal to the group is meant for the command; we stay to tell how it ended.
    for number in _FORWARDED:
        signal.signal(number, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([lifeline, woken], [], [])
        if lifeline in ready:
            os.killpg(0, signal.SIGKILL)
        os.read(woken, 512)
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            os.write(report, json.dumps([status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]).encode())
            return


def _become(command: list[str]) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606 - starting what we are told to is our purpose
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        os._exit(_CANNOT_START)


if __name__ == "__main__":
    main()
