"""Which models of a repository a change affects."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AffectedProject:
    """A project file, relative to the top of the repository, its model, and why a job has to look at it.

    ``model`` is None where the file cannot be understood: the job then says what is wrong with it.
    """

    project: str
    model: str | None
    reasons: tuple[str, ...]
