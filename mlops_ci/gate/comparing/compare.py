"""One rule on one set of rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_ci.gate.comparing.compare_given import judge_given
from mlops_ci.gate.comparing.compare_numbers import judge_numbers, without_seed
from mlops_ci.gate.comparing.compare_rows import interval_of, judge_alone, judge_change, judge_estimate
from mlops_ci.gate.comparing.results import Test, result_of, side_name
from mlops_ci.gate.custom import row_metric, unlike
from mlops_ci.gate.estimating.estimates import estimate_versus, same_answers
from mlops_ci.gate.evidence import Evidence, Reference
from mlops_ci.gate.seeds import Trainings, trainings_of
from mlops_ci.metrics import Metric, Predictions, metric_of, value, why_not
from mlops_ci.project.rules import Rule

_Rows = npt.NDArray[np.bool_] | npt.NDArray[np.intp]


def compare(
    rule: Rule,
    confidence: float,
    candidate: Evidence,
    references: Mapping[str, Reference | None],
    rows: _Rows | None = None,
) -> Test:
    """Judge one rule, on some rows or on all."""
    reference: Reference | None = None
    if rule.bound.reference:
        reference = references.get(rule.bound.reference)
        if reference is None:
            known = _alone(rule, candidate)
            return Test(result_of(rule, "skipped", "nothing to compare with yet", candidate=known))
    custom = candidate.custom.get(rule.metric)
    if custom is not None and (custom.problem or custom.values is None):
        same = _same(candidate, reference)
        return judge_given(rule, confidence, custom, reference, sliced=rows is not None, same=same)
    metric = row_metric(rule.metric) if custom else metric_of(rule.call.name, rule.call.arguments, rule.call.of)
    if metric is None:
        return judge_numbers(rule, candidate, reference, confidence)
    if candidate.predictions is None:
        return Test(result_of(rule, "fail", "there are no predictions to compute it from"))
    impossible = why_not(metric, candidate.predictions)
    if impossible:
        return Test(result_of(rule, "fail", impossible))
    ours = candidate.predictions if rows is None else candidate.predictions.take(rows)
    if metric.versus:
        return _versus(rule, metric, candidate, references.get("baseline"), rows, confidence)
    if not math.isfinite(value(metric, ours)):
        return Test(result_of(rule, "fail", f"it has no value: {_why_no_value(ours)}"))
    # What is known of other trainings is known of all rows; and nobody has called a function on their predictions.
    seeded = candidate if rows is None and custom is None else Evidence()
    if reference is None:
        trainings = trainings_of(rule.metric, seeded)
        if isinstance(trainings, str):
            return Test(result_of(rule, "fail", trainings))
        return judge_alone(rule, metric, ours, trainings, confidence)
    problem = reference.problem or _unpaired(metric, candidate, reference)
    if custom and not problem and reference.evidence:
        problem = unlike(rule.metric, custom, reference.evidence.custom.get(rule.metric), side_name(reference))
    if problem:
        return Test(result_of(rule, "incomparable", problem, candidate=value(metric, ours)))
    theirs = reference.evidence.predictions if reference.evidence else None
    if theirs is None:
        raise AssertionError("a reference without predictions has a problem")
    theirs = theirs if rows is None else theirs.take(rows)
    before = value(metric, theirs) if rule.metric in seeded.seeds else None
    trainings = trainings_of(rule.metric, seeded, reference.evidence, before)
    if isinstance(trainings, str):
        return Test(without_seed(rule, trainings, seeded))
    return judge_change(rule, metric, ours, theirs, trainings, confidence)


def _alone(rule: Rule, candidate: Evidence) -> float | None:
    """What the candidate has on all rows, where there is nothing to compare it with."""
    if rule.per is not None:
        return None
    trainings = trainings_of(rule.metric, candidate)
    if isinstance(trainings, Trainings):
        return trainings.change(0.0)
    custom, predictions = candidate.custom.get(rule.metric), candidate.predictions
    metric = metric_of(rule.call.name, rule.call.arguments, rule.call.of)
    found: float | None = None
    if custom is not None:
        found = None if custom.problem else custom.value
    elif metric is None:
        found = candidate.numbers.get(rule.metric)
    elif predictions is not None and not metric.versus and why_not(metric, predictions) is None:
        found = value(metric, predictions)
    return found if found is not None and math.isfinite(found) else None


def _versus(
    rule: Rule,
    metric: Metric,
    candidate: Evidence,
    baseline: Reference | None,
    rows: _Rows | None,
    confidence: float,
) -> Test:
    """Judge a comparison of rows, such as a win rate, which has a bound of its own: `win_rate(quality) > 0.5`."""
    if baseline is None:
        return Test(result_of(rule, "skipped", "nothing to compare with yet"))
    problem = baseline.problem or _unpaired(metric, candidate, baseline)
    ours, theirs = candidate.predictions, baseline.evidence.predictions if baseline.evidence else None
    if problem or ours is None or theirs is None:
        return Test(result_of(rule, "incomparable", problem or "there is nothing to compare with"))
    if rows is not None:
        ours, theirs = ours.take(rows), theirs.take(rows)
    if not math.isfinite(value(metric, ours, theirs)):
        return Test(result_of(rule, "fail", f"it has no value: {_why_no_value(ours)}"))
    return judge_estimate(
        rule, ours, confidence, lambda level: estimate_versus(metric, ours, theirs, level, interval_of(rule))
    )


def _unpaired(metric: Metric, candidate: Evidence, reference: Reference) -> str | None:
    """Why the two sides cannot be compared row by row."""
    theirs = reference.evidence.predictions if reference.evidence else None
    name = side_name(reference)
    if reference.evidence and reference.evidence.evaluation_set not in {candidate.evaluation_set, None}:
        ours = len(candidate.predictions) if candidate.predictions is not None else 0
        return f"{name} was evaluated on another evaluation set than these {ours:,} rows (other ids or targets)"
    if reference.evidence is None or theirs is None:
        return f"{name} has no recorded predictions"
    if candidate.predictions is None or theirs.task != candidate.predictions.task:
        return f"{name} was evaluated as a {theirs.task} task"
    if metric.needs == "score" and theirs.score is None:
        return f"the predictions of {name} have no scores"
    if metric.needs == "prediction" and theirs.prediction is None:
        return f"the scores of {name} are no probabilities, and it has no predictions"
    if metric.of is not None and metric.of not in theirs.classes:
        return f"{name} knows no class {metric.of!r}"
    if metric.column is not None and metric.column not in theirs.columns:
        return f"{name} has no column {metric.column!r}"
    for what, mine, other in (
        ("weights", candidate.predictions.weight, theirs.weight),
        ("groups", candidate.predictions.group, theirs.group),
    ):
        if not _equal(mine, other):
            return f"the rows have other {what} than those of {name}"
    return None


def _same(candidate: Evidence, reference: Reference | None) -> bool:
    """Whether two models are known to give the same answers on all rows."""
    theirs = reference.evidence.predictions if reference and reference.evidence else None
    return candidate.predictions is not None and theirs is not None and same_answers(candidate.predictions, theirs)


def _equal(mine: npt.NDArray[Any] | None, other: npt.NDArray[Any] | None) -> bool:
    if mine is None or other is None:
        return mine is other
    return np.array_equal(mine, other)


def _why_no_value(predictions: Predictions) -> str:
    score = predictions.score
    if not len(predictions):
        return "there are no rows"
    if score is not None and not np.isfinite(score).all():
        return "NaN or infinity among the scores"
    if score is not None and ((score < 0) | (score > 1)).any():
        return "the scores are no probabilities"
    if predictions.task != "regression" and len(np.unique(predictions.target)) < 2:
        return "the target has one class only"
    return "NaN, infinity or a constant among the values"
