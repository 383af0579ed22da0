"""The first line of an object of a log that holds several entries."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogGroup:
    """Says what follows it: ``entries`` entries, one a line, and the digest of all these bytes.

    So that a part of a group is no group.
    """

    entries: int
    digest: str
