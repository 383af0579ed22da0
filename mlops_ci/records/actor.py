"""Who did it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """Who wrote a record: a person at a laptop, or a job of a workflow."""

    name: str
    repository: str | None = None
    workflow: str | None = None
    run_id: str | None = None
    attempt: int | None = None
