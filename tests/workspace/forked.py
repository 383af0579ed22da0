"""Runs a function in many processes at once, or in one that is killed at a random instant.

The processes are forked by a fresh single-threaded interpreter (``python -m tests.workspace.forked``), which imports
everything once. A function is named ``module:function``, is called with its number, a way to acknowledge, and the
keyword arguments; what it acknowledged is on record before ``acknowledge`` returns, whatever happens to it then.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
Acknowledge = Callable[[Any], None]


def at_once(function: str, count: int, **arguments: Any) -> list[list[Any]]:
    """Start ``count`` processes at one instant; return what each acknowledged.

    Raises:
        AssertionError: one of them failed.
    """
    return _drive("at_once", function, count, arguments)


def killed(function: str, rounds: int, *, seed: int, longest: float, **arguments: Any) -> list[list[Any]]:
    """Run one process after the other, each killed with SIGKILL after a random part of ``longest`` seconds.

    On a machine where they come to nothing in that time they have more of it. Returns what each acknowledged before it
    died.
    """
    return _drive("killed", function, rounds, arguments, seed, longest)


def _drive(how: str, function: str, count: int, arguments: dict[str, Any], *more: float) -> list[list[Any]]:
    with tempfile.TemporaryDirectory(prefix="mlops-ci-forked-") as folder:
        order = json.dumps([how, function, count, arguments, folder, *more])
        done = subprocess.run(
            [sys.executable, "-m", "tests.workspace.forked", order],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return [
            [json.loads(line) for line in (Path(folder) / str(number)).read_text("utf-8").splitlines()]
            for number in range(count)
        ]


def _main(order: str) -> int:
    how, name, count, arguments, folder, *more = json.loads(order)
    module, _, attribute = name.partition(":")
    function = getattr(importlib.import_module(module), attribute)

    def work(number: int) -> None:
        file = os.open(Path(folder) / str(number), os.O_WRONLY | os.O_APPEND)
        function(number, lambda value: os.write(file, json.dumps(value).encode() + b"\n"), **arguments)

    for number in range(count):
        (Path(folder) / str(number)).touch()

    def has_acknowledged(number: int) -> bool:
        return (Path(folder) / str(number)).stat().st_size > 0

    return _at_once(work, count) if how == "at_once" else _killed(work, has_acknowledged, count, *more)


def _at_once(work: Callable[[int], None], count: int) -> int:
    start, release = os.pipe()
    children = []
    for number in range(count):
        child = os.fork()
        if child == 0:
            os.close(release)
            os.read(start, 1)  # returns when the parent closes the other end
            _finish(work, number)
        children.append(child)
    os.close(start)
    os.close(release)
    return max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0 for child in children)


def _killed(
    work: Callable[[int], None], has_acknowledged: Callable[[int], bool], rounds: int, seed: int, least: float
) -> int:
    chance, longest = random.Random(seed), least
    for number in range(rounds):
        child = os.fork()
        if child == 0:
            _finish(work, number)
        time.sleep(chance.random() * longest)
        os.kill(child, signal.SIGKILL)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) not in {0, -signal.SIGKILL}:
            return 1
        # So that about seven of ten have done something when they die, however slow the disk is.
        longest = max(least, longest * (0.75 if has_acknowledged(number) else 2.0))
    return 0


def _finish(work: Callable[[int], None], number: int) -> None:
    try:
        work(number)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
