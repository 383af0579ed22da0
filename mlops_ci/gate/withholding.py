"""Takes out of a verdict what a developer could adapt to: all but whether it passed and, roughly, by how much.

After Blum and Hardt, "The Ladder: a reliable leaderboard for machine learning competitions" (ICML 2015): an answer that
tells little can be chosen by little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from mlops_ci.gate.asking import asks_the_set, is_worn_out, item_asks
from mlops_ci.gate.evidence import Evidence
from mlops_ci.gate.summary import summarise
from mlops_ci.project.project import GateChoice
from mlops_ci.records.verdict import RuleOutcome, RuleResult, Verdict

STEPS = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""The gains that are told: the largest of them that a gain reaches, or none."""
_PASSED = "the budget reveals no more than that"
_NOT_PASSED = "not all rules pass, and the budget reveals no more than that"


def gain_values(gate: GateChoice, candidate: Evidence) -> int:
    """Of how many values a gain that is told is one; 1 if none is ever told."""
    return len(STEPS) + 1 if _telling(gate, candidate) else 1


def withheld(verdict: Verdict, gate: GateChoice, candidate: Evidence) -> Verdict:
    """The verdict without the numbers that come from the evaluation set.

    What it says depends on the set only through whether the verdict is a pass and, if so, through one of
    :func:`gain_values` values; what is known without asking the set stays.
    """
    if verdict.spent and is_worn_out(verdict.spent):
        return verdict
    passed = verdict.outcome == "pass"
    asking = {rule.text for rule in gate.flat() if asks_the_set(rule, candidate)}
    telling = _telling(gate, candidate) if passed else None
    outcomes = tuple(
        _outcome(outcome, passed=passed) if item_asks(item, candidate) else outcome
        for item, outcome in zip(gate.rules, verdict.outcomes, strict=True)
    )
    results = []
    for result in verdict.rules:
        if result.rule in asking:
            # The same text may stand there once more, for each slice: a slice's gain is more than was promised.
            tells = result.rule == telling and result.slice is None
            results.append(_hidden(result, passed=passed, tells=tells))
            telling = None if tells else telling
        else:
            results.append(result)
    told = replace(
        verdict,
        outcome="pass" if passed else "fail" if "fail" in outcomes else "inconclusive",
        summary="",
        outcomes=outcomes,
        rules=tuple(results),
        disagreement=None,
    )
    return replace(told, summary=summarise(told))


def _telling(gate: GateChoice, candidate: Evidence) -> str | None:
    """The rule whose gain is told: the first that has to pass and compares all rows with another version."""
    return next(
        (
            rule.text
            for rule in gate.flat()
            if rule.bound.reference and rule.per is None and asks_the_set(rule, candidate)
        ),
        None,
    )


def _outcome(outcome: RuleOutcome, *, passed: bool) -> RuleOutcome:
    if outcome == "skipped":  # there is no champion yet, which is no secret
        return outcome
    return "pass" if passed else "inconclusive"


def _hidden(result: RuleResult, *, passed: bool, tells: bool) -> RuleResult:
    gain = _rounded(result) if tells else None
    kept = result.outcome in {"skipped", "incomparable"}
    reason = result.reason if kept else _PASSED if passed else _NOT_PASSED
    if gain is not None:
        reason = "or more: the budget reveals gains in steps"
    return replace(
        result,
        outcome=result.outcome if kept else _outcome(result.outcome, passed=passed),
        reason=reason,
        candidate=None,
        baseline=None,
        change=gain,
        interval=None,
        method=None,
        rows_needed=None,
        waivable=False,
        seeds=None,
    )


def _rounded(result: RuleResult) -> float | None:
    """The gain, rounded down to a step, with the sign of the change; None below the first step."""
    if result.change is None or not math.isfinite(result.change):
        return None
    sign = 1.0 if result.better_is == "higher" else -1.0
    reached = _reached(STEPS, sign * result.change)
    return None if reached is None else sign * reached


def _reached(steps: Sequence[float], gain: float) -> float | None:
    return max((step for step in steps if step <= gain), default=None)
