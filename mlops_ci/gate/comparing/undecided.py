"""What it would take to decide a rule that the data cannot decide, in a sentence."""

from __future__ import annotations

import math

from mlops_ci.metrics import Predictions
from mlops_ci.project.rules import Rule
from mlops_ci.statistics import Estimate


def distance_to_pass(rule: Rule, found: float, before: float | None) -> tuple[float, str]:
    """How far beyond its bound the truth of a rule is taken to lie, and what that takes for granted.

    Without a true change the difference lies at ``before`` (1 - factor); a rule of superiority leaves no room there, so
    that its rows are counted for the change that was seen.

    Args:
        rule: the rule.
        found: the value, or the change, that is held against the bound.
        before: the value of what it is compared with; None for a rule with a number.
    """
    upwards, bound = 1 if rule.upwards else -1, rule.bound
    if before is not None and (distance := (before * (1.0 - bound.factor) - bound.offset) * upwards) > 0:
        return distance, "nothing changed"
    assuming = "the value stays as it is" if before is None else "the change is as large as it looks"
    return (found - bound.offset) * upwards, assuming


def what_it_takes(needed: int | None, rows: Predictions | int, assuming: str, estimate: Estimate) -> str:
    """Say how many more rows would do, in groups where rows come in groups.

    Args:
        needed: rows in all that would probably do; None if no number would, or nobody can tell.
        rows: those there are.
        assuming: what that takes for granted.
        estimate: what they gave.
    """
    count, unit = _counted(rows)
    there = _some(count, unit)
    if estimate.why_unknown:
        return f"{there} cannot tell: {estimate.why_unknown}"
    if needed is None:
        # Without a known spread nobody can say how many rows would do.
        never = ", and more of the same would not either" if estimate.standard_error > 0 else ""
        return f"{there} cannot tell{never}"
    more = math.ceil(needed * count / max(rows if isinstance(rows, int) else len(rows), 1)) - count
    if more <= 0:
        return f"{there} cannot tell, though as many usually would, if {assuming}"
    return f"{there} cannot tell; about {_some(_rounded(more), f'more {unit}')} would, if {assuming}"


def _counted(rows: Predictions | int) -> tuple[int, str]:
    if isinstance(rows, int):
        return rows, "row"
    if rows.group is None:
        return len(rows), "row"
    return int(rows.group.max(initial=-1)) + 1, "group"


def _some(count: int, unit: str) -> str:
    return f"{count:,} {unit}{'s' if count != 1 else ''}"


def _rounded(number: int) -> int:
    """To two digits: nobody knows more."""
    digits = len(str(number))
    return number if digits <= 2 else math.ceil(number / 10 ** (digits - 2)) * 10 ** (digits - 2)
