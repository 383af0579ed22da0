"""When a request is made again, and after how long."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from mlops_ci.edge.http_failures import PassingError
from mlops_ci.edge.http_limits import UNTOLD
from mlops_ci.errors import OutcomeUnknownError, RemoteError

ATTEMPTS = 4
LONGEST_PAUSE = 60.0

T = TypeVar("T")


class Retries:
    """Makes requests until they succeed, as long as that is worth it.

    Args:
        sleep: waits between attempts.
        patience: how many seconds may be spent, over the life of this object, on waiting for limits to pass; these do
            not count as attempts then. Without patience a limit is like any other passing failure.
    """

    def __init__(self, sleep: Callable[[float], None], patience: float = 0.0) -> None:
        self._sleep = sleep
        self._is_patient = patience > 0
        self._patience = patience

    def __call__(self, once: Callable[[], T], *, again: bool) -> T:
        """What a request comes to. It is made again where it has certainly not been carried out, or if it may be.

        Raises:
            RemoteError: it failed for good, or too often.
            OutcomeUnknownError: it may have been carried out, and must not be again.
        """
        pause, untold, attempt = 0.5, UNTOLD, 1
        while True:
            try:
                return once()
            except PassingError as failure:
                if not (again or failure.undone):
                    raise _given_up(failure) from failure
                asked = failure.pause or 0.0
                if failure.limited and self._is_patient:
                    wait = max(asked, 1.0) if failure.pause is not None else untold
                    untold = untold if failure.pause is not None else untold * 2
                    if wait > self._patience:
                        raise failure.error from failure
                    self._patience -= wait
                    self._sleep(wait)
                    continue
                if attempt == ATTEMPTS or asked > LONGEST_PAUSE:
                    raise failure.error from failure
                # Jitter parts the clients that one outage has brought into step.
                self._sleep(max(asked, pause * (0.5 + random.random())))  # noqa: S311 - no secret
                pause *= 2
                attempt += 1


def _given_up(failure: PassingError) -> RemoteError | OutcomeUnknownError:
    if not failure.maybe_done:
        return failure.error
    return OutcomeUnknownError(
        f"it is not known whether the request was carried out: {failure.error.what}",
        where=failure.error.where,
        hint="run the command again",
    )
