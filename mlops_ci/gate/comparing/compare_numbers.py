"""Compares numbers of the metrics file, about which no more is known than that several trainings may differ."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import mean

from mlops_ci.gate.comparing.outcomes import outcome_of_estimate, outcome_of_value
from mlops_ci.gate.comparing.results import Test, bounds_of, no_share, reason_of, reference_name, result_of
from mlops_ci.gate.evidence import Evidence, Reference
from mlops_ci.gate.seeds import trainings_of, widen
from mlops_ci.project.rules import Rule
from mlops_ci.records.verdict import Outcome, RuleResult
from mlops_ci.statistics import Estimate

_NO_UNCERTAINTY = "no uncertainty known"


def without_seed(rule: Rule, problem: str, candidate: Evidence) -> RuleResult:
    """A rule about trainings of which one has no value: the candidate's own are its fault."""
    ours = candidate.seeds.get(rule.metric, ())
    return result_of(rule, "fail" if any(v is None or not math.isfinite(v) for v in ours) else "incomparable", problem)


def judge_numbers(rule: Rule, candidate: Evidence, reference: Reference | None, confidence: float) -> Test:
    """Judge a rule about such a number."""
    plain = _compare_plainly(rule, candidate, reference)
    if plain.candidate is None or plain.outcome == "incomparable" or not plain.waivable:
        return Test(plain)
    trainings = trainings_of(rule.metric, candidate, reference.evidence if reference else None, plain.baseline)
    if trainings is None:
        return Test(plain)
    if isinstance(trainings, str):
        return Test(without_seed(rule, trainings, candidate))
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
        reason=reason_of(outcome, None, 0, "", shown, trainings),
        candidate=mean(trainings.ours),
        baseline=mean(trainings.theirs) if relative else None,
        change=trainings.change(1.0) if relative else None,
        interval=bounds_of(shown),
        method=shown.method,
        seeds=trainings.spread,
    )
    return Test(result, judged)


def _compare_plainly(rule: Rule, candidate: Evidence, reference: Reference | None) -> RuleResult:
    found = candidate.numbers.get(rule.metric)
    if found is None:
        absent = "is not a number" if rule.metric in candidate.numbers else "is not in the metrics file"
        return result_of(rule, "fail", f"{rule.metric} {absent}")
    if reference is None:
        outcome = outcome_of_value(rule, found, rule.bound.offset)
        return result_of(rule, outcome, _NO_UNCERTAINTY, candidate=found)
    before = reference.evidence.numbers.get(rule.metric) if reference.evidence else None
    if before is None or reference.problem:  # a number of other rows is no answer for a version that has none of these
        reason = reference.problem or f"the {reference_name(rule)} has no {rule.metric}"
        return result_of(rule, "incomparable", reason, candidate=found)
    if rule.bound.factor != 1.0 and before <= 0:
        return no_share(rule, found, before)
    outcome = outcome_of_value(rule, found, rule.bound.factor * before + rule.bound.offset)
    return result_of(rule, outcome, _NO_UNCERTAINTY, candidate=found, baseline=before, change=found - before)
