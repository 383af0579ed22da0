"""Stops transfers that run in threads when a signal arrives.

Python raises what a signal handler raises in the main thread only. There it leaves a pool of threads, which waits for
all of them: for hours, where they move gigabytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

# A dictionary and no lock: the handler runs between any two instructions of the main thread.
_under_way: dict[object, Callable[[], None]] = {}


@contextmanager
def stoppable(stop: Callable[[], None]) -> Iterator[None]:
    """While inside, a signal calls ``stop``, which must only set a mark that the work looks at."""
    token = object()
    _under_way[token] = stop
    try:
        yield
    finally:
        del _under_way[token]


def stop_all() -> None:
    """Stop what is under way now; what begins later, such as tidying up, is not touched."""
    for stop in list(_under_way.values()):
        stop()
