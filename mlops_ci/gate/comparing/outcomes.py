"""Three-valued logic of rules: pass, fail, or the data cannot tell."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlops_ci.project.rules import Rule
from mlops_ci.records.verdict import Outcome, RuleResult
from mlops_ci.statistics import Estimate


@dataclass(frozen=True, slots=True)
class Combined:
    """What several results come to.

    ``blocked``: something is undecided that no policy may wave through. ``skipped``: it passes only because there was
    nothing to judge.
    """

    outcome: Outcome
    blocked: bool = False
    skipped: bool = False


def outcome_of_value(rule: Rule, value: float, bound: float) -> Outcome:
    """A plain number against a bound; equal passes ``>=`` and not ``>``."""
    if math.isnan(value) or math.isnan(bound):
        return "fail"
    if value == bound:
        return "fail" if rule.strict else "pass"
    return "pass" if (value > bound) == rule.upwards else "fail"


def outcome_of_estimate(rule: Rule, estimate: Estimate, bound: float) -> Outcome:
    """Pass if the bound that counts clears, fail if the opposite one misses, else inconclusive."""
    near, far = (estimate.lower, estimate.upper) if rule.upwards else (estimate.upper, estimate.lower)
    if not math.isnan(near) and outcome_of_value(rule, near, bound) == "pass":
        return "pass"
    if not math.isnan(far) and outcome_of_value(rule, far, bound) == "fail":
        return "fail"
    return "inconclusive"


def combine_all(results: Iterable[RuleResult]) -> Combined:
    """What results come to that must all pass: fail beats inconclusive beats pass."""
    counting = [result for result in results if result.decides]
    if any(result.outcome == "fail" for result in counting):
        return Combined("fail")
    undecided = [result for result in counting if result.outcome in {"inconclusive", "incomparable"}]
    if undecided:
        return Combined(
            "inconclusive",
            blocked=any(result.outcome == "incomparable" or not result.waivable for result in undecided),
        )
    return Combined("pass", skipped=bool(counting) and all(result.outcome == "skipped" for result in counting))


def combine_any(alternatives: Sequence[Combined]) -> Combined:
    """What alternatives come to: one that passes is enough, and the group fails only if all do.

    A skipped alternative says nothing as long as another one is judged. Of undecided ones a policy may wave through the
    group only if it may do so with each.
    """
    judged = [alternative for alternative in alternatives if not alternative.skipped]
    outcomes = {alternative.outcome for alternative in judged}
    if not judged or "pass" in outcomes:
        return Combined("pass", skipped=not judged)
    if outcomes == {"fail"}:
        return Combined("fail")
    undecided = [alternative for alternative in judged if alternative.outcome == "inconclusive"]
    return Combined("inconclusive", blocked=any(alternative.blocked for alternative in undecided))
