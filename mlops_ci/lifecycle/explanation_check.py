"""Believes the record of an explanation only as far as ours go: finite numbers, short texts, sums that are right."""

from __future__ import annotations

import math
from typing import Any

from mlops_ci.errors import IntegrityError
from mlops_ci.project.explain import METRICS_OF
from mlops_ci.records.model_explanation import ExplainedRow, ModelExplanation

_LONGEST_TEXT = 2_000
_MOST_COLUMNS = 1_000
_MOST_ROWS = 10**9
_MOST_REPEATS = 100
_MOST_EXPLAINED = 20
_METRICS = frozenset(name for names in METRICS_OF.values() for name in names)
_APART = 1e-6  # of a sum that was computed in another order


def require_sound(found: ModelExplanation, where: str) -> None:
    """Refuse a record that our explainer does not write.

    Raises:
        IntegrityError: it is one.
    """

    def require(holds: bool, what: str) -> None:
        if not holds:
            raise IntegrityError(f"the record of the explanation is none of ours: {what}", where=where)

    require(found.metric in _METRICS, "an unknown metric")
    require(0 <= found.rows <= _MOST_ROWS and 0 < found.repeats <= _MOST_REPEATS, "a number out of range")
    require(0 <= found.seed < 2**63, "a number out of range")
    columns = [each.column for each in found.importances]
    require(len(columns) <= _MOST_COLUMNS and len(set(columns)) == len(columns), "too many columns, or one twice")
    require(all(map(_is_short, columns)), "a long name")
    require(all(math.isfinite(each.mean) and math.isfinite(each.deviation) for each in found.importances), "no number")
    require(all(each.deviation >= 0 for each in found.importances), "a deviation below 0")
    require(bool(found.importances) or found.reason is not None, "neither importances nor a reason")
    require(_is_line(found.reason) and _is_line(found.attribution), "a strange text")
    require(len(found.explained) <= _MOST_EXPLAINED, "too many rows")
    require(not found.explained or None not in (found.attribution, found.unit), "rows without a method")
    require(all(map(_is_row, found.explained)), "a row that does not add up")


def _is_line(text: str | None) -> bool:
    return text is None or (text.isprintable() and _is_short(text))


def _is_short(text: str) -> bool:
    return len(text) <= _LONGEST_TEXT


def _is_row(row: ExplainedRow) -> bool:
    parts = list(row.contributions.values())
    if not all(map(math.isfinite, (row.base, row.answer, row.others, *parts))):
        return False
    total = row.base + sum(parts) + row.others
    return (
        abs(total - row.answer) <= _APART * max(1.0, abs(row.answer))
        and len(parts) <= _MOST_COLUMNS
        and row.values.keys() <= row.contributions.keys()
        and all(map(_is_plain, (row.target, *row.values.values())))
        and all(map(_is_short, (row.row, row.label or "", *row.contributions)))
    )


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return _is_short(value)
    return value is None or (isinstance(value, bool | int | float) and math.isfinite(value) and abs(value) < 2**63)
