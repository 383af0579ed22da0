"""Waits for foreign code so that a signal is not kept waiting by it.

Python runs signal handlers in the main thread, between its own instructions. A call into obstore returns only when
the request has: it therefore runs in a thread beside the main one, which waits where a handler can interrupt it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import nullcontext
from typing import TypeVar

from mlops_ci.edge.interruption import stoppable

T = TypeVar("T")

_GRACE_SECONDS = 1.0  # so that it rarely comes back while the interpreter is ending
_STOP_SECONDS = 5.0


def start(function: Callable[[], T]) -> Future[T]:
    """Run a function in a thread that keeps nobody from exiting."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # whatever it is belongs to who waits
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def call(function: Callable[[], T], stop: Callable[[], None] | None = None) -> T:
    """Return what a function returns; an interruption calls ``stop`` and gives the function a moment to end."""
    if threading.current_thread() is not threading.main_thread():
        with stoppable(stop) if stop else nullcontext():
            return function()
    future = start(function)
    try:
        return future.result()
    except BaseException:
        if not future.done():
            if stop:
                stop()
            wait([future], timeout=_STOP_SECONDS if stop else _GRACE_SECONDS)
        raise
