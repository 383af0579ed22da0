"""One rule on one set of rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mlops_ci.gate.estimates import estimate_alone, estimate_change, estimate_versus
from mlops_ci.gate.evidence import Evidence, Reference
from mlops_ci.gate.outcomes import outcome_of_estimate, outcome_of_value
from mlops_ci.gate.phrases import number, rule_label
from mlops_ci.gate.undecided import what_it_takes
from mlops_ci.metrics import Metric, Predictions, metric_of, value, why_not
from mlops_ci.project.rules import Interval, Rule
from mlops_ci.records.verdict import Outcome, RuleOutcome, RuleResult
from mlops_ci.statistics import Estimate, rows_needed

_Rows = npt.NDArray[np.bool_]
_NO_UNCERTAINTY = "no uncertainty known"


@dataclass(frozen=True, eq=False, slots=True)
class Test:
    """A judged rule, and how to judge it again at another confidence (None where there is no uncertainty)."""

    result: RuleResult
    again: Callable[[float], Outcome] | None = None


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
            return Test(_result(rule, "skipped", "nothing to compare with yet"))
    metric = metric_of(rule.call.name, rule.call.arguments, rule.call.of)
    if metric is None:
        return Test(_compare_numbers(rule, candidate, reference))
    if candidate.predictions is None:
        return Test(_result(rule, "fail", "there are no predictions to compute it from"))
    impossible = why_not(metric, candidate.predictions)
    if impossible:
        return Test(_result(rule, "fail", impossible))
    ours = candidate.predictions if rows is None else candidate.predictions.take(rows)
    if metric.versus:
        return _versus(rule, metric, candidate, references.get("baseline"), rows, confidence)
    if not math.isfinite(value(metric, ours)):
        return Test(_result(rule, "fail", f"it has no value: {_why_no_value(ours)}"))
    if reference is None:
        return _absolute(rule, metric, ours, confidence)
    problem = reference.problem or _unpaired(metric, candidate, reference)
    if problem:
        found = value(metric, ours)
        return Test(_result(rule, "incomparable", problem, candidate=found))
    theirs = reference.evidence.predictions if reference.evidence else None
    if theirs is None:
        raise AssertionError("a reference without predictions has a problem")
    return _relative(rule, metric, ours, theirs if rows is None else theirs.take(rows), confidence)


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
        return Test(_result(rule, "skipped", "nothing to compare with yet"))
    problem = baseline.problem or _unpaired(metric, candidate, baseline)
    ours, theirs = candidate.predictions, baseline.evidence.predictions if baseline.evidence else None
    if problem or ours is None or theirs is None:
        return Test(_result(rule, "incomparable", problem or "there is nothing to compare with"))
    if rows is not None:
        ours, theirs = ours.take(rows), theirs.take(rows)
    if not math.isfinite(value(metric, ours, theirs)):
        return Test(_result(rule, "fail", f"it has no value: {_why_no_value(ours)}"))
    return _by_estimate(rule, ours, confidence, lambda level: estimate_versus(metric, ours, theirs, level, _kind(rule)))


def _absolute(rule: Rule, metric: Metric, ours: Predictions, confidence: float) -> Test:
    return _by_estimate(rule, ours, confidence, lambda level: estimate_alone(metric, ours, level, _kind(rule)))


def _by_estimate(rule: Rule, ours: Predictions, confidence: float, estimated: Callable[[float], Estimate]) -> Test:
    bound = rule.bound.offset

    def judged(level: float) -> tuple[Estimate, Outcome]:
        estimate = estimated(level)
        return estimate, outcome_of_estimate(rule, estimate, bound)

    estimate, outcome = judged(confidence)
    needed = None
    if outcome == "inconclusive":
        distance = (estimate.value - bound) * (1 if rule.upwards else -1)
        needed = rows_needed(estimate.standard_error, len(ours), distance, confidence)
    result = _result(
        rule,
        outcome,
        _reason(outcome, needed, ours, "the value stays as it is", estimate),
        candidate=estimate.value,
        interval=_interval(estimate),
        method=estimate.method,
        rows=len(ours),
        rows_needed=needed,
    )
    return Test(result, lambda level: judged(level)[1])


def _relative(rule: Rule, metric: Metric, ours: Predictions, theirs: Predictions, confidence: float) -> Test:
    factor, bound = rule.bound.factor, rule.bound.offset
    found, before = value(metric, ours), value(metric, theirs)
    if not math.isfinite(before):
        return Test(_result(rule, "incomparable", f"the {_name(rule)} has no value here", candidate=found))
    if factor != 1.0 and before <= 0:
        reason = f"the {_name(rule)} is {number(round(before, 6))}, and a share of what is not positive means nothing"
        return Test(_result(rule, "inconclusive", reason, candidate=found, baseline=before, waivable=False))

    def judged(level: float) -> tuple[Estimate, Outcome]:
        estimate = estimate_change(metric, ours, theirs, factor, level, _kind(rule))
        return estimate, outcome_of_estimate(rule, estimate, bound)

    estimate, outcome = judged(confidence)
    shown = estimate if factor == 1.0 else estimate_change(metric, ours, theirs, 1.0, confidence, _kind(rule))
    needed, assuming = None, "nothing changed"
    if outcome == "inconclusive":
        # Without a true change the difference lies at before * (1 - factor); a rule of superiority leaves no room
        # there, so that its rows are counted for the change that was seen.
        upwards = 1 if rule.upwards else -1
        distance = (before * (1.0 - factor) - bound) * upwards
        if distance <= 0:
            distance, assuming = (estimate.value - bound) * upwards, "the change is as large as it looks"
        needed = rows_needed(estimate.standard_error, len(ours), distance, confidence)
    result = _result(
        rule,
        outcome,
        _reason(outcome, needed, ours, assuming, estimate),
        candidate=found,
        baseline=before,
        change=found - before,
        interval=_interval(shown),
        method=estimate.method,
        rows=len(ours),
        rows_needed=needed,
    )
    return Test(result, lambda level: judged(level)[1])


def _compare_numbers(rule: Rule, candidate: Evidence, reference: Reference | None) -> RuleResult:
    found = candidate.numbers.get(rule.metric)
    if found is None:
        absent = "is not a number" if rule.metric in candidate.numbers else "is not in the metrics file"
        return _result(rule, "fail", f"{rule.metric} {absent}")
    if reference is None:
        outcome = outcome_of_value(rule, found, rule.bound.offset)
        return _result(rule, outcome, _NO_UNCERTAINTY, candidate=found)
    before = reference.evidence.numbers.get(rule.metric) if reference.evidence else None
    if before is None:
        reason = reference.problem or f"the {_name(rule)} has no {rule.metric}"
        return _result(rule, "incomparable", reason, candidate=found)
    if rule.bound.factor != 1.0 and before <= 0:
        reason = f"the {_name(rule)} is {number(before)}, and a share of what is not positive means nothing"
        return _result(rule, "inconclusive", reason, candidate=found, baseline=before, waivable=False)
    outcome = outcome_of_value(rule, found, rule.bound.factor * before + rule.bound.offset)
    return _result(rule, outcome, _NO_UNCERTAINTY, candidate=found, baseline=before, change=found - before)


def _unpaired(metric: Metric, candidate: Evidence, reference: Reference) -> str | None:
    """Why the two sides cannot be compared row by row."""
    theirs = reference.evidence.predictions if reference.evidence else None
    name = _side_name(reference)
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
    if metric.column is not None and metric.column not in theirs.columns:
        return f"{name} has no column {metric.column!r}"
    for what, mine, other in (
        ("weights", candidate.predictions.weight, theirs.weight),
        ("groups", candidate.predictions.group, theirs.group),
    ):
        if (mine is None) != (other is None) or (
            mine is not None and other is not None and not np.array_equal(mine, other)
        ):
            return f"the rows have other {what} than those of {name}"
    return None


def _result(rule: Rule, outcome: RuleOutcome, reason: str, **values: Any) -> RuleResult:
    better: Literal["higher", "lower"] = "higher" if rule.upwards else "lower"
    return RuleResult(
        rule=rule.text,
        metric=rule.metric,
        label=rule_label(rule),
        outcome=outcome,
        reason=reason,
        better_is=better,
        **values,
    )


def _reason(outcome: Outcome, needed: int | None, rows: Predictions, assuming: str, estimate: Estimate) -> str:
    if outcome == "pass":
        return "the bound clears it"
    if outcome == "fail":
        return "even the opposite bound misses it"
    return what_it_takes(needed, rows, assuming, estimate)


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


def _kind(rule: Rule) -> Interval:
    return rule.interval or "usual"


def _interval(estimate: Estimate) -> tuple[float | None, float | None]:
    low, high = (None if math.isnan(bound) else bound for bound in (estimate.lower, estimate.upper))
    return low, high


def _name(rule: Rule) -> str:
    reference = rule.bound.reference or ""
    return "baseline" if reference == "baseline" else reference


def _side_name(reference: Reference) -> str:
    side = reference.side
    return f"{side.name or 'the baseline'} v{side.version}" if side.version else side.name or "the baseline"
