"""Compares rows: a metric, a method, one side or two."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import mean

from mlops_ci.gate.comparing.outcomes import outcome_of_estimate
from mlops_ci.gate.comparing.results import Test, bounds_of, no_share, reason_of, reference_name, result_of
from mlops_ci.gate.comparing.undecided import distance_to_pass
from mlops_ci.gate.estimating.estimates import estimate_alone, estimate_change
from mlops_ci.gate.seeds import Trainings, rows_beside_noise, widen
from mlops_ci.metrics import Metric, Predictions, value
from mlops_ci.project.rules import Interval, Rule
from mlops_ci.records.verdict import Outcome
from mlops_ci.statistics import Estimate


def judge_alone(rule: Rule, metric: Metric, ours: Predictions, trainings: Trainings | None, confidence: float) -> Test:
    """Judge a metric of the candidate against a number."""
    return judge_estimate(
        rule, ours, confidence, lambda level: estimate_alone(metric, ours, level, interval_of(rule)), trainings
    )


def judge_estimate(
    rule: Rule,
    ours: Predictions,
    confidence: float,
    estimated: Callable[[float], Estimate],
    trainings: Trainings | None = None,
) -> Test:
    """Judge what can be estimated at any level against a number."""
    bound = rule.bound.offset

    def judged(level: float) -> tuple[Estimate, Outcome]:
        estimate = _of_trainings(rule, estimated(level), trainings, 1.0, level)
        return estimate, outcome_of_estimate(rule, estimate, bound)

    estimate, outcome = judged(confidence)
    needed, assuming = None, ""
    if outcome == "inconclusive":
        distance, assuming = distance_to_pass(rule, estimate.value, None)
        needed = rows_beside_noise(estimate, trainings, len(ours), distance, 1.0, confidence, upwards=rule.upwards)
    result = result_of(
        rule,
        outcome,
        reason_of(outcome, needed, ours, assuming, estimate, trainings),
        candidate=estimate.value,
        interval=bounds_of(estimate),
        method=estimate.method,
        rows=len(ours),
        rows_needed=needed,
        seeds=trainings.spread if trainings else None,
    )
    return Test(result, lambda level: judged(level)[1])


def judge_change(
    rule: Rule,
    metric: Metric,
    ours: Predictions,
    theirs: Predictions,
    trainings: Trainings | None,
    confidence: float,
) -> Test:
    """Judge the change of a metric from one model to another."""
    factor, bound = rule.bound.factor, rule.bound.offset
    found, before = value(metric, ours), value(metric, theirs)
    if trainings:
        found, before = mean(trainings.ours), mean(trainings.theirs)
    if not math.isfinite(before):
        reason = f"the {reference_name(rule)} has no value here"
        return Test(result_of(rule, "incomparable", reason, candidate=found))
    if factor != 1.0 and before <= 0:
        return Test(no_share(rule, found, before))

    def estimated(by: float, level: float) -> Estimate:
        of_rows = estimate_change(metric, ours, theirs, by, level, interval_of(rule))
        return _of_trainings(rule, of_rows, trainings, by, level)

    def judged(level: float) -> tuple[Estimate, Outcome]:
        estimate = estimated(factor, level)
        return estimate, outcome_of_estimate(rule, estimate, bound)

    estimate, outcome = judged(confidence)
    shown = estimate if factor == 1.0 else estimated(1.0, confidence)
    needed, assuming = None, ""
    if outcome == "inconclusive":
        distance, assuming = distance_to_pass(rule, estimate.value, before)
        needed = rows_beside_noise(estimate, trainings, len(ours), distance, factor, confidence, upwards=rule.upwards)
    result = result_of(
        rule,
        outcome,
        reason_of(outcome, needed, ours, assuming, estimate, trainings),
        candidate=found,
        baseline=before,
        change=found - before,
        interval=bounds_of(shown),
        method=estimate.method,
        rows=len(ours),
        rows_needed=needed,
        seeds=trainings.spread if trainings else None,
    )
    return Test(result, lambda level: judged(level)[1])


def _of_trainings(rule: Rule, of_rows: Estimate, trainings: Trainings | None, factor: float, level: float) -> Estimate:
    widened = widen(of_rows, trainings, factor, level)
    if trainings is None or interval_of(rule) == "usual":
        return widened
    return widened.without_bounds(f"several trainings have no {interval_of(rule)} bounds: take interval: usual")


def interval_of(rule: Rule) -> Interval:
    """The kind of bounds that a rule asks for."""
    return rule.interval or "usual"
