"""A rule's result, and the words that all kinds of comparison share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from mlops_ci.gate.comparing.phrases import number, rule_label
from mlops_ci.gate.comparing.undecided import what_it_takes
from mlops_ci.gate.evidence import Reference
from mlops_ci.gate.seeds import Trainings
from mlops_ci.metrics import Predictions
from mlops_ci.project.rules import Rule
from mlops_ci.records.verdict import Outcome, RuleOutcome, RuleResult
from mlops_ci.statistics import Estimate


@dataclass(frozen=True, eq=False, slots=True)
class Test:
    """A judged rule, and how to judge it again at another confidence (None where there is no uncertainty)."""

    result: RuleResult
    again: Callable[[float], Outcome] | None = None


def result_of(rule: Rule, outcome: RuleOutcome, reason: str, **values: Any) -> RuleResult:
    """The result of a rule."""
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


def reason_of(
    outcome: Outcome,
    needed: int | None,
    rows: Predictions | int,
    assuming: str,
    estimate: Estimate,
    trainings: Trainings | None = None,
) -> str:
    """Why it came out so; of what is undecided, what it would take."""
    if outcome == "pass":
        return "the bound clears it"
    if outcome == "fail":
        return "even the opposite bound misses it"
    if trainings and needed is None:
        count = rows if isinstance(rows, int) else len(rows)
        of_rows = f"{count:,} rows and " if count else ""
        return f"{of_rows}{len(trainings.ours)} trainings cannot tell; more seeds may"
    return what_it_takes(needed, rows, assuming, estimate)


def no_share(rule: Rule, found: float, before: float) -> RuleResult:
    """A rule that asks for a share of what is not positive."""
    reason = (
        f"the {reference_name(rule)} is {number(round(before, 6))}, and a share of what is not positive means nothing"
    )
    return result_of(rule, "inconclusive", reason, candidate=found, baseline=before, waivable=False)


def bounds_of(estimate: Estimate) -> tuple[float | None, float | None]:
    """The bounds, None where one is not known."""
    low, high = (None if math.isnan(bound) else bound for bound in (estimate.lower, estimate.upper))
    return low, high


def reference_name(rule: Rule) -> str:
    """What a rule compares with, as the rule says it."""
    reference = rule.bound.reference or ""
    return "baseline" if reference == "baseline" else reference


def side_name(reference: Reference) -> str:
    """Such as ``champion v12``."""
    side = reference.side
    return f"{side.name or 'the baseline'} v{side.version}" if side.version else side.name or "the baseline"
