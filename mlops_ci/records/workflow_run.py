"""A run that has ended, for which a workflow of the default branch speaks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """What the host vouches for of a run, whoever wrote its code.

    ``owner`` and ``branch`` are those of the head, in a fork too, and None when its repository or branch is gone;
    ``event`` is what started the run; ``commit`` is the newest of the head; ``url`` shows the run.
    """

    id: str
    attempt: int
    event: str
    commit: str
    branch: str | None
    owner: str | None
    url: str | None
    fork: bool
