"""The two models of a report that has details, and what their lines are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from mlops_ci.records.report import Report
from mlops_ci.records.report_details import Answers

T = TypeVar("T")
CANDIDATE = "candidate"


def sides(report: Report, part: Callable[[Answers], T | None]) -> list[tuple[str, T]]:
    """A part of the answers of each model that has it, the candidate first; empty if the candidate has none."""
    details = report.details
    if details is None or details.candidate is None:
        return []
    own = part(details.candidate)
    theirs = part(details.champion) if details.champion else None
    if own is None:
        return []
    name = details.compared_with or "champion"
    return [(CANDIDATE, own), *([(name, theirs)] if theirs is not None else [])]
