"""What goes wrong between client and server: by seed for a share of all requests, or by script for the next ones."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tests.parts.loopback import RESET, Answer, Handle, Request


class Fault(StrEnum):
    """How a request fails. Only the ``LOST_AFTER``, ``SLOW`` and ``CUT`` ones were carried out."""

    THROTTLED = "throttled"
    """429 with Retry-After."""
    INTERNAL = "internal"
    """500."""
    BAD_GATEWAY = "bad gateway"
    """502."""
    UNAVAILABLE = "unavailable"
    """503 with Retry-After."""
    LOST_BEFORE = "lost before"
    """The connection is reset before the server did anything."""
    LOST_AFTER = "lost after"
    """The server did what was asked, and then the connection is reset."""
    SLOW = "slow"
    """The body comes in pieces, with pauses."""
    CUT = "cut"
    """The connection ends halfway through the body."""


_STATUS = {Fault.THROTTLED: 429, Fault.INTERNAL: 500, Fault.BAD_GATEWAY: 502, Fault.UNAVAILABLE: 503}
_WITH_RETRY_AFTER = {Fault.THROTTLED, Fault.UNAVAILABLE}

When = Callable[[Request], bool]
Refuse = Callable[[int, Mapping[str, str]], Answer]
"""How a server words a refusal: from its status and the headers that it has to carry."""


def refuse_plainly(status: int, headers: Mapping[str, str]) -> Answer:
    """A refusal as a proxy on the way would word it."""
    return Answer(status, f"<html><body>{status}</body></html>".encode(), {"Content-Type": "text/html", **headers})


def any_request(request: Request) -> bool:
    """True."""
    return True


@dataclass
class Faults:
    """Decides which request fails, and how.

    A script (``fail_next``) comes first; what it leaves over fails at the ``rate`` (0 to 1), with one of ``kinds``, in
    an order that the ``seed`` decides. ``retry_after`` is in seconds, as is the ``pause`` between the pieces of a slow
    body. ``happened`` tells what was done to which request.
    """

    seed: int = 0
    rate: float = 0.0
    kinds: tuple[Fault, ...] = tuple(Fault)
    retry_after: int = 1
    pause: float = 0.01
    happened: list[tuple[Fault, Request]] = field(default_factory=list)
    _script: list[tuple[Fault | None, When]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def fail_next(self, faults: Iterable[Fault | None], when: When = any_request) -> None:
        """Let the next requests fail so, one after the other, None being one that passes; others are left alone."""
        with self._lock:
            self._script.extend((fault, when) for fault in faults)

    @property
    def pending(self) -> int:
        """How much of the script no request has met yet."""
        return len(self._script)

    def choose(self, request: Request) -> Fault | None:
        """The fault of a request, None for a request that passes."""
        with self._lock:
            fault = self._choose(request)
            if fault:
                self.happened.append((fault, request))
            return fault

    def _choose(self, request: Request) -> Fault | None:
        for index, (fault, when) in enumerate(self._script):
            if when(request):
                del self._script[index]
                return fault
        return self._chance.choice(self.kinds) if self._chance.random() < self.rate else None

    def spoil(self, request: Request, handle: Handle, refuse: Refuse = refuse_plainly) -> Answer | None:
        """Answer a request as ``handle`` does, unless it is its turn to fail."""
        fault = self.choose(request)
        if fault in _STATUS:
            headers = {"Retry-After": str(self.retry_after)} if fault in _WITH_RETRY_AFTER else {}
            return refuse(_STATUS[fault], headers)
        if fault is Fault.LOST_BEFORE:
            return RESET
        answer = handle(request)
        if fault is None or answer is None:
            return answer
        match fault:
            case Fault.LOST_AFTER:
                return RESET
            case Fault.SLOW:
                return replace(answer, pause=self.pause)
            case Fault.CUT if answer.body and request.method != "HEAD":
                return replace(answer, cut=len(answer.body) // 2)
        return answer
