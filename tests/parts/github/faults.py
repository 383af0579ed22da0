"""What goes wrong with requests to GitHub, by a script or by a seed."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.parts.loopback import Answer, Request

_SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
_PRIMARY = "API rate limit exceeded for installation ID 1."
_HTML = b"<html><head><title>Unicorn!</title></head><body>We had issues producing the response.</body></html>"

BEFORE = (
    "lost before", "secondary", "secondary without retry-after", "primary 403", "primary 429",
    "429", "500", "502", "503",
)  # fmt: skip
"""These spoil a request before it is carried out."""
AFTER = ("lost after", "502 after", "slow", "cut")
"""These spoil the answer to a request that was carried out; ``cut`` sends less than the Content-Length says."""
FAULTS = BEFORE + AFTER


@dataclass
class Faults:
    """Decides the fault of each request: first what was asked for, then by the seed.

    Args:
        seed: decides which request meets what.
        rate: the share of requests that are spoilt.
        in_a_row: the most requests that the seed spoils one after another, so that somebody who tries often enough
            gets through.
    """

    seed: int = 0
    rate: float = 0.0
    in_a_row: int = 2
    _script: list[tuple[str, str | None]] = field(default_factory=list)
    _row: int = 0

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def fail_next(self, faults: Sequence[str], method: str | None = None) -> None:
        """Spoil the next requests (of a method), in this order."""
        assert set(faults) <= set(FAULTS), f"of these there are: {FAULTS}"
        self._script += [(fault, method) for fault in faults]

    def choose(self, request: Request) -> str | None:
        """The fault of a request, None for none."""
        for place, (fault, method) in enumerate(self._script):
            if method in (None, request.method):
                del self._script[place]
                return fault
        spoilt = self._chance.random() < self.rate and self._row < self.in_a_row
        self._row = self._row + 1 if spoilt else 0
        return self._chance.choice(FAULTS) if spoilt else None


def before(fault: str) -> Answer | None:
    """What a request is answered that is not carried out; None breaks the connection off."""
    match fault:
        case "lost before":
            return None
        case "secondary":
            return _said(403, _SECONDARY, {"Retry-After": "1"})
        case "secondary without retry-after":
            return _said(403, _SECONDARY, {})
        case "primary 403" | "primary 429":
            headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 1)}
            return _said(int(fault[-3:]), _PRIMARY, headers)
        case "429":
            return _said(429, "Too many requests", {"Retry-After": "0"})
    return Answer(int(fault), _HTML, {"Content-Type": "text/html"})


def after(fault: str, answer: Answer) -> Answer | None:
    """What becomes of an answer; None breaks the connection off."""
    if fault == "502 after":
        return Answer(502, _HTML, {"Content-Type": "text/html"})
    if fault == "slow":
        return replace(answer, in_pieces=True)
    if fault == "lost after" or not answer.body:  # of an empty body nothing can be cut
        return None
    return replace(answer, cut=len(answer.body) // 2)


def _said(status: int, message: str, headers: dict[str, str]) -> Answer:
    body = {
        "message": message,
        "documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api",
    }
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json; charset=utf-8", **headers})
