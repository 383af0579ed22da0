"""The JSON that is left behind: a ``ModelExplanation``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mlops_ci.explainer.asking import Asked
from mlops_ci.explainer.attribution import Attribution
from mlops_ci.explainer.permutation import Importance
from mlops_ci.explainer.question import Question
from mlops_ci.explainer.rows import Rows
from mlops_ci.explainer.trouble import NotExplainableError

MOST_COLUMNS = 1000
MOST_PARTS = 50
"""Columns of a row that are told one by one; what all others add is told together."""
_LONGEST_VALUE = 200


def empty_record(question: Question, reason: str | None = None) -> dict[str, Any]:
    """The record of a model of which nothing is known."""
    return {
        "metric": question.metric,
        "rows": 0,
        "repeats": question.repeats,
        "seed": question.seed,
        "importances": [],
        "attribution": None,
        "unit": None,
        "explained": [],
        "reason": reason,
    }


def importance_records(found: Sequence[Importance]) -> list[dict[str, Any]]:
    """The largest importances."""
    return [{"column": each.column, "mean": each.mean, "deviation": each.deviation} for each in found[:MOST_COLUMNS]]


def row_records(
    asked: Asked, rows: Rows, labels: Sequence[str | None], chosen: Sequence[str], found: Attribution
) -> list[dict[str, Any]]:
    """The explained rows, each with its largest parts first."""
    if not (np.isfinite(found.parts).all() and np.isfinite(found.base).all()):
        raise NotExplainableError(f"{found.method} tells numbers that are none")
    records = []
    for at, name in enumerate(rows.names):
        order = np.argsort(-np.abs(found.parts[at]), kind="stable")
        told, rest = order[:MOST_PARTS].tolist(), order[MOST_PARTS:]
        others = float(found.parts[at][rest].sum())
        parts = {asked.columns[place]: float(found.parts[at][place]) for place in told}
        values = {column: _value(rows.inputs.columns[column][at]) for column in parts}
        base = float(found.base[at])
        records.append(
            {
                "row": name[:_LONGEST_VALUE],
                "base": base,
                "answer": base + sum(parts.values()) + others,
                "contributions": parts,
                "values": values,
                "label": labels[at],
                "others": others,
                "chosen": chosen[at],
                "target": _value(rows.target[at]),
            }
        )
    return records


def _value(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value[:_LONGEST_VALUE] if isinstance(value, str) else value
