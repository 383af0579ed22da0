"""What would run, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step's place in the plan.

    ``depends`` means that it is decided when the steps before it are done: it is reused if they come out as
    before. ``seconds`` is how long it took last time. Of a step that runs once for each of its ``seeds``,
    ``cached`` are known already, ``seconds`` is the time of all, and the fingerprint that of the first.
    """

    name: str
    action: Literal["run", "reuse", "depends"]
    reasons: tuple[str, ...]
    fingerprint: str | None = None
    seconds: float | None = None
    seeds: int | None = None
    cached: int | None = None


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """Steps that may run one after another on one runner (``runs_on``; None: any). ``name`` tells them."""

    name: str
    runs_on: str | None
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in the order in which they can run; ``jobs`` are those that have to, by runner, to be run in order."""

    steps: tuple[PlannedStep, ...]
    jobs: tuple[PlannedJob, ...] = ()
