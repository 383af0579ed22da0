"""A log's entry, noted elsewhere than in the workspace."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pin:
    """The number and the digest of an entry that a model's log has.

    Since each entry carries the digest of the one before it, the digest of one vouches for all before it.
    """

    model: str
    seq: int
    digest: str
