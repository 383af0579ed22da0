"""What a workspace remembers of the delivery of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything up to an entry of the log is none of a sink's business, or settled."""

    seq: int


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody is delivering an event, and has until ``expires``. ``token`` tells whether it was us."""

    token: str
    time: str
    expires: str


@dataclass(frozen=True, slots=True)
class Settled:
    """An event is done with: it was delivered, or something newer has taken its place."""

    event: str
    how: Literal["sent", "found delivered", "superseded"]
    time: str
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A try to deliver failed, for this reason."""

    time: str
    reason: str
