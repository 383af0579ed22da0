"""Bounds the time of a call in the thread that makes it."""

from __future__ import annotations

import asyncio
import ctypes
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class TookTooLongError(BaseException):
    """Is raised in the thread of a call that took too long; a script that catches all ``Exception`` lets it through."""


def call_within(seconds: float, call: Callable[[], T]) -> T:
    """Call a function; one that has not returned in time is interrupted as soon as it runs Python code again.

    A call that blocks outside Python, in a library or the operating system, goes on until that returns.

    Raises:
        TookTooLongError: it did not return in time.
    """
    guard, thread, over = threading.Lock(), threading.get_ident(), False

    def interrupt() -> None:
        with guard:
            if not over:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TookTooLongError))

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        return call()
    finally:
        # With the lock in our hands the exception is either on its way, and raised here at the latest, or never comes.
        with guard:
            over = True
        timer.cancel()


async def await_within(seconds: float, value: Awaitable[T]) -> T:
    """Await something, and cancel it if it takes too long.

    Raises:
        TookTooLongError: it took too long.
    """
    try:
        async with asyncio.timeout(seconds) as scope:
            return await value
    except TimeoutError:
        if scope.expired():
            raise TookTooLongError from None
        raise
