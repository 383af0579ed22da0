"""What goes wrong between client and server: by seed for a share of all requests, or by script for the next ones."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tests.parts.loopback import RESET, Answer, Handle, Request


class Fault(StrEnum):
    """How a request fails. Only those behind ``LOST_BEFORE`` were carried out."""

    THROTTLED = "429"
    """With Retry-After, as ``UNAVAILABLE``."""
    INTERNAL = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    LOST_BEFORE = "lost before"
    """The connection is reset before the server did anything."""
    LOST_AFTER = "lost after"
    """The server did what was asked, and then the connection is reset."""
    BAD_GATEWAY_AFTER = "502 after"
    """The server did what was asked, and a proxy on the way lost the answer."""
    SLOW = "slow"
    """The body comes in pieces, with pauses."""
    CUT = "cut"
    """The connection ends halfway through the body."""


_REFUSALS = {Fault.THROTTLED, Fault.INTERNAL, Fault.BAD_GATEWAY, Fault.UNAVAILABLE}
_WITH_RETRY_AFTER = {Fault.THROTTLED, Fault.UNAVAILABLE}

Refuse = Callable[[int, Mapping[str, str]], Answer]
"""How a server words a refusal: from its status and the headers that it has to carry."""


def refuse_plainly(status: int, headers: Mapping[str, str]) -> Answer:
    """A refusal as a proxy on the way would word it."""
    return Answer(status, f"<html><body>{status}</body></html>".encode(), {"Content-Type": "text/html", **headers})


@dataclass(frozen=True)
class _Planned:
    fault: Fault | None
    method: str | None
    path: str

    def is_for(self, request: Request) -> bool:
        return self.method in {None, request.method} and self.path in request.path


@dataclass
class Faults:
    """Decides which request fails, and how.

    A script (``fail_next``) comes first; what it leaves over fails at the ``rate`` (0 to 1), with one of ``kinds``, in
    an order that the ``seed`` decides, but never more than ``in_a_row`` one after another, so that somebody who tries
    often enough gets through. ``retry_after`` is in seconds. ``happened`` tells what was done to which request.
    """

    seed: int = 0
    rate: float = 0.0
    kinds: tuple[Fault, ...] = tuple(Fault)
    in_a_row: int = 2
    retry_after: int = 1
    happened: list[tuple[Fault, Request]] = field(default_factory=list)
    _script: list[_Planned] = field(default_factory=list)
    _row: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def fail_next(self, faults: Iterable[str | None], method: str | None = None, path: str = "") -> None:
        """Let the next requests fail so, one after the other; None lets one pass.

        Args:
            faults: a value of ``Fault`` each.
            method: those of another method are left alone.
            path: those without this piece of a path are left alone.
        """
        with self._lock:
            self._script += [_Planned(None if fault is None else Fault(fault), method, path) for fault in faults]

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
        for planned in self._script:
            if planned.is_for(request):
                self._script.remove(planned)
                return planned.fault
        fails = self._chance.random() < self.rate and self._row < self.in_a_row
        self._row = self._row + 1 if fails else 0
        return self._chance.choice(self.kinds) if fails else None

    def spoil(self, request: Request, handle: Handle, refuse: Refuse = refuse_plainly) -> Answer | None:
        """Answer a request as ``handle`` does, unless it is its turn to fail."""
        fault = self.choose(request)
        if fault in _REFUSALS:
            headers = {"Retry-After": str(self.retry_after)} if fault in _WITH_RETRY_AFTER else {}
            return refuse(int(fault), headers)
        if fault is Fault.LOST_BEFORE:
            return RESET
        answer = handle(request)
        if fault is None or answer is None:
            return answer
        match fault:
            case Fault.LOST_AFTER:
                return RESET
            case Fault.BAD_GATEWAY_AFTER:
                return refuse_plainly(502, {})
            case Fault.SLOW:
                return replace(answer, in_pieces=True)
        # Of an empty body nothing can be cut.
        return replace(answer, cut=len(answer.body) // 2) if answer.body and request.method != "HEAD" else RESET
