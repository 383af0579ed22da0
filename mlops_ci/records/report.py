"""What a journey came to: the one set of values that every report renders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mlops_ci.records.commit import Commit
from mlops_ci.records.host import Event
from mlops_ci.records.run import StepRun
from mlops_ci.records.verdict import Verdict

CiOutcome = Literal["promoted", "passed", "refused", "inconclusive", "unchanged", "superseded"]


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs from the version compared with. Empty tuples mean: the same; no ``files``: it is not known."""

    since: str
    files: tuple[str, ...] | None = ()
    params: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A journey's outcome. ``version`` is the candidate's, once registered; ``champion`` the one in place now.

    ``notes`` are further things that a reviewer should know.
    """

    format: int
    model: str
    outcome: CiOutcome
    event: Event
    run: str
    commit: Commit
    dirty: bool
    version: int | None
    champion: int | None
    summary: str
    verdict: Verdict | None
    steps: tuple[StepRun, ...]
    seconds: float
    metrics: dict[str, float | None]
    changes: Changes | None = None
    notes: tuple[str, ...] = ()


REPORT_FORMAT = 1
