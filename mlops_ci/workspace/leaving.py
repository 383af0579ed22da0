"""Takes a lock where giving up would leave things half done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager


@contextmanager
def surely(lock: AbstractContextManager[object]) -> Iterator[None]:
    """Hold a lock; what a signal raises while another thread still holds it is raised at the end. A second gives up."""
    interruption: BaseException | None = None
    with ExitStack() as held:
        try:
            held.enter_context(lock)
        except BaseException as error:
            interruption = error
            held.enter_context(lock)
        yield
    if interruption:
        raise interruption
