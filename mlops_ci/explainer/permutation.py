"""Permutation importance: how much worse a metric becomes when a column is shuffled.

Breiman, Random Forests, Machine Learning 45 (2001), section 10; for any model: Fisher, Rudin and Dominici, All Models
are Wrong, but Many are Useful, JMLR 20 (2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlops_ci.converter.table import Array, Table
from mlops_ci.explainer.asking import Asked
from mlops_ci.explainer.metrics import HIGHER, Answers, measure
from mlops_ci.explainer.question import Question
from mlops_ci.explainer.rows import Rows

_ROWS_A_CALL = 50_000


@dataclass(frozen=True)
class Importance:
    """Of a column: mean and standard deviation over the repeats of how much worse the metric became."""

    column: str
    mean: float
    deviation: float


def importances(asked: Asked, rows: Rows, question: Question, answers: Answers) -> list[Importance]:
    """The importance of every declared column, the largest first.

    Columns are shuffled as they are, before anything that the model makes of them. One that the model does not eat, or
    that has one value only, has none.

    Args:
        asked: the model.
        rows: the rows.
        question: the metric, and how often each column is shuffled.
        answers: what the model answers to the rows as they are.

    Raises:
        NotExplainableError: the model fails on shuffled rows, or the metric has no value on them.
    """
    whole = measure(question, rows.target, answers)
    sign = 1.0 if question.metric in HIGHER else -1.0
    found = []
    for at, name in enumerate(question.columns or asked.columns):
        worse = np.zeros(question.repeats)
        if name in asked.columns and not _is_constant(rows.inputs.columns[name]):
            # A column's shuffles do not depend on which others there are.
            draws = np.random.default_rng([question.seed, at])
            orders = [draws.permutation(len(rows.target)) for _ in range(question.repeats)]
            worse = np.array([sign * (whole - value) for value in _shuffled(asked, rows, question, name, orders)])
        found.append(Importance(name, float(worse.mean()), float(worse.std())))
    return sorted(found, key=lambda each: -each.mean)


def _shuffled(asked: Asked, rows: Rows, question: Question, name: str, orders: list[Array]) -> list[float]:
    """The metric with one column in each of some orders; as many at a time as fit into a call."""
    count = len(rows.target)
    at_once = max(1, _ROWS_A_CALL // count)
    values = []
    for start in range(0, len(orders), at_once):
        part = orders[start : start + at_once]
        tall = {column: np.tile(given, len(part)) for column, given in rows.inputs.columns.items()}
        tall[name] = np.concatenate([rows.inputs.columns[name][order] for order in part])
        answers = asked.answers(Table(tall))
        places = [slice(index * count, (index + 1) * count) for index in range(len(part))]
        values += [measure(question, rows.target, _part(answers, place)) for place in places]
    return values


def _part(answers: Answers, rows: slice) -> Answers:
    def cut(answer: Array | None) -> Array | None:
        return None if answer is None else answer[rows]

    return Answers(answers.classes, cut(answers.labels), cut(answers.scores), cut(answers.ranks), cut(answers.values))


def _is_constant(column: Array) -> bool:
    if column.dtype.kind == "f":
        return bool(np.isnan(column).all() or (column == column[0]).all())
    return bool((column == column[0]).all())
