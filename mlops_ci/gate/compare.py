"""One rule on one set of rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import mean
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mlops_ci.gate.estimates import estimate_alone, estimate_change
from mlops_ci.gate.evidence import Evidence, Reference
from mlops_ci.gate.outcomes import outcome_of_estimate, outcome_of_value
from mlops_ci.gate.phrases import number, rule_label
from mlops_ci.gate.seeds import Trainings, rows_beside_noise, trainings_of, widen
from mlops_ci.metrics import METRICS, Metric, Predictions, value
from mlops_ci.project.rules import Rule
from mlops_ci.records.verdict import Outcome, RuleOutcome, RuleResult
from mlops_ci.statistics import Estimate

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
    metric = METRICS.get(rule.metric)
    if metric is None:
        return _compare_numbers(rule, candidate, reference, confidence)
    if candidate.predictions is None:
        return Test(_result(rule, "fail", "there are no predictions to compute it from"))
    if metric.needs == "score" and candidate.predictions.score is None:
        return Test(_result(rule, "fail", "there are no scores to compute it from"))
    if metric.needs == "prediction" and candidate.predictions.prediction is None:
        return Test(_result(rule, "fail", "the scores are no probabilities, and there is no prediction column"))
    ours = candidate.predictions if rows is None else candidate.predictions.take(rows)
    if not math.isfinite(value(metric, ours)):
        return Test(_result(rule, "fail", f"it has no value: {_why_no_value(ours)}"))
    # What is known of other trainings is known of all rows.
    seeded = candidate if rows is None else Evidence()
    if reference is None:
        trainings = trainings_of(rule.metric, seeded)
        if isinstance(trainings, str):
            return Test(_result(rule, "fail", trainings))
        return _absolute(rule, metric, ours, trainings, confidence)
    problem = reference.problem or _unpaired(metric, candidate, reference)
    if problem:
        found = value(metric, ours)
        return Test(_result(rule, "incomparable", problem, candidate=found))
    theirs = reference.evidence.predictions if reference.evidence else None
    if theirs is None:
        raise AssertionError("a reference without predictions has a problem")
    theirs = theirs if rows is None else theirs.take(rows)
    before = value(metric, theirs) if rule.metric in seeded.seeds else None
    trainings = trainings_of(rule.metric, seeded, reference.evidence, before)
    if isinstance(trainings, str):
        return Test(_seedless(rule, trainings, seeded))
    return _relative(rule, metric, ours, theirs, trainings, confidence)


def _absolute(rule: Rule, metric: Metric, ours: Predictions, trainings: Trainings | None, confidence: float) -> Test:
    bound = rule.bound.offset

    def judged(level: float) -> tuple[Estimate, Outcome]:
        estimate = widen(estimate_alone(metric, ours, level), trainings, 1.0, level)
        return estimate, outcome_of_estimate(rule, estimate, bound)

    estimate, outcome = judged(confidence)
    needed = None
    if outcome == "inconclusive":
        distance = (estimate.value - bound) * (1 if rule.upwards else -1)
        needed = rows_beside_noise(estimate, trainings, len(ours), distance, 1.0, confidence)
    result = _result(
        rule,
        outcome,
        _reason(outcome, needed, len(ours), "the value stays as it is", estimate.standard_error, trainings),
        candidate=estimate.value,
        interval=_interval(estimate),
        method=estimate.method,
        rows=len(ours),
        rows_needed=needed,
        seeds=trainings.spread if trainings else None,
    )
    return Test(result, lambda level: judged(level)[1])


def _relative(
    rule: Rule,
    metric: Metric,
    ours: Predictions,
    theirs: Predictions,
    trainings: Trainings | None,
    confidence: float,
) -> Test:
    factor, bound = rule.bound.factor, rule.bound.offset
    found, before = value(metric, ours), value(metric, theirs)
    if trainings:
        found, before = mean(trainings.ours), mean(trainings.theirs)
    if not math.isfinite(before):
        return Test(_result(rule, "incomparable", f"the {_name(rule)} has no value here", candidate=found))
    if factor != 1.0 and before <= 0:
        reason = f"the {_name(rule)} is {number(round(before, 6))}, and a share of what is not positive means nothing"
        return Test(_result(rule, "inconclusive", reason, candidate=found, baseline=before, waivable=False))

    def judged(level: float) -> tuple[Estimate, Outcome]:
        estimate = widen(estimate_change(metric, ours, theirs, factor, level), trainings, factor, level)
        return estimate, outcome_of_estimate(rule, estimate, bound)

    estimate, outcome = judged(confidence)
    shown = estimate
    if factor != 1.0:
        shown = widen(estimate_change(metric, ours, theirs, 1.0, confidence), trainings, 1.0, confidence)
    needed, assuming = None, "nothing changed"
    if outcome == "inconclusive":
        # Without a true change the difference lies at before * (1 - factor); a rule of superiority leaves no room
        # there, so that its rows are counted for the change that was seen.
        upwards = 1 if rule.upwards else -1
        distance = (before * (1.0 - factor) - bound) * upwards
        if distance <= 0:
            distance, assuming = (estimate.value - bound) * upwards, "the change is as large as it looks"
        needed = rows_beside_noise(estimate, trainings, len(ours), distance, factor, confidence)
    result = _result(
        rule,
        outcome,
        _reason(outcome, needed, len(ours), assuming, estimate.standard_error, trainings),
        candidate=found,
        baseline=before,
        change=found - before,
        interval=_interval(shown),
        method=estimate.method,
        rows=len(ours),
        rows_needed=needed,
        seeds=trainings.spread if trainings else None,
    )
    return Test(result, lambda level: judged(level)[1])


def _seedless(rule: Rule, problem: str, candidate: Evidence) -> RuleResult:
    """A rule about trainings of which one has no value: the candidate's own are its fault."""
    ours = candidate.seeds.get(rule.metric, ())
    return _result(rule, "fail" if any(v is None or not math.isfinite(v) for v in ours) else "incomparable", problem)


def _compare_numbers(rule: Rule, candidate: Evidence, reference: Reference | None, confidence: float) -> Test:
    plain = _compare_plainly(rule, candidate, reference)
    if plain.candidate is None or plain.outcome == "incomparable" or not plain.waivable:
        return Test(plain)
    trainings = trainings_of(rule.metric, candidate, reference.evidence if reference else None, plain.baseline)
    if trainings is None:
        return Test(plain)
    if isinstance(trainings, str):
        return Test(_seedless(rule, trainings, candidate))
    factor, bound = rule.bound.factor, rule.bound.offset

    def widened(by: float, level: float) -> Estimate:
        at = trainings.change(by)
        return widen(Estimate(at, at, at, 0.0, "t interval of the trainings alone"), trainings, by, level)

    def judged(level: float) -> Outcome:
        return outcome_of_estimate(rule, widened(factor, level), bound)

    outcome, relative = judged(confidence), bool(trainings.theirs)
    shown = widened(1.0, confidence)
    result = replace(
        plain,
        outcome=outcome,
        reason=_reason(outcome, None, 0, "", 0.0, trainings),
        candidate=mean(trainings.ours),
        baseline=mean(trainings.theirs) if relative else None,
        change=trainings.change(1.0) if relative else None,
        interval=_interval(shown),
        method=shown.method,
        seeds=trainings.spread,
    )
    return Test(result, judged)


def _compare_plainly(rule: Rule, candidate: Evidence, reference: Reference | None) -> RuleResult:
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
    if candidate.predictions is not None and theirs.task != candidate.predictions.task:
        return f"{name} was evaluated as a {theirs.task} task"
    if metric.needs == "score" and theirs.score is None:
        return f"the predictions of {name} have no scores"
    if metric.needs == "prediction" and theirs.prediction is None:
        return f"the scores of {name} are no probabilities, and it has no predictions"
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


def _reason(
    outcome: Outcome, needed: int | None, rows: int, assuming: str, spread: float, trainings: Trainings | None
) -> str:
    if outcome == "pass":
        return "the bound clears it"
    if outcome == "fail":
        return "even the opposite bound misses it"
    if trainings and needed is None:
        of_rows = f"{rows:,} rows and " if rows else ""
        return f"{of_rows}{len(trainings.ours)} trainings cannot tell; more seeds may"
    if needed is None:
        # Without a known spread nobody can say how many rows would do.
        never = ", and more of the same would not either" if spread > 0 else ""
        return f"{rows:,} rows cannot tell{never}"
    return f"{rows:,} rows cannot tell; about {needed:,} would, if {assuming}"


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


def _interval(estimate: Estimate) -> tuple[float | None, float | None]:
    low, high = (None if math.isnan(bound) else bound for bound in (estimate.lower, estimate.upper))
    return low, high


def _name(rule: Rule) -> str:
    reference = rule.bound.reference or ""
    return "baseline" if reference == "baseline" else reference


def _side_name(reference: Reference) -> str:
    side = reference.side
    return f"{side.name or 'the baseline'} v{side.version}" if side.version else side.name or "the baseline"
