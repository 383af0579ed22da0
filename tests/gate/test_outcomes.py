from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.gate.comparing.outcomes import Combined, combine_all, combine_any, outcome_of_estimate, outcome_of_value
from mlops_ci.project.rules import parse_rule
from mlops_ci.records.verdict import RuleOutcome, RuleResult
from mlops_ci.statistics import Estimate

KINDS: list[RuleOutcome] = ["pass", "fail", "inconclusive", "incomparable", "skipped"]
OPERATORS = [">", ">=", "<", "<="]


def result(outcome: RuleOutcome, *, decides: bool = True, waivable: bool = True) -> RuleResult:
    return RuleResult("r", "m", "l", outcome, "why", "higher", decides=decides, waivable=waivable)


def estimate(lower: float, upper: float) -> Estimate:
    return Estimate((lower + upper) / 2, lower, upper, 1.0, "by hand")


@pytest.mark.parametrize(
    ("operator", "value", "outcome"),
    [
        (">", 0.9, "pass"), (">", 0.8, "fail"), (">", 0.7, "fail"),
        (">=", 0.9, "pass"), (">=", 0.8, "pass"), (">=", 0.7, "fail"),
        ("<", 0.7, "pass"), ("<", 0.8, "fail"), ("<", 0.9, "fail"),
        ("<=", 0.7, "pass"), ("<=", 0.8, "pass"), ("<=", 0.9, "fail"),
    ],
)  # fmt: skip
def test_a_number_at_the_bound_passes_only_a_rule_that_includes_it(operator: str, value: float, outcome: str) -> None:
    assert outcome_of_value(parse_rule(f"m {operator} 0.8"), value, 0.8) == outcome


@pytest.mark.parametrize("operator", OPERATORS)
def test_what_is_not_a_number_fails(operator: str) -> None:
    rule = parse_rule(f"m {operator} 0.8")
    assert outcome_of_value(rule, math.nan, 0.8) == outcome_of_value(rule, 0.8, math.nan) == "fail"


@pytest.mark.parametrize(
    ("operator", "lower", "upper", "outcome"),
    [
        (">", 0.1, 0.2, "pass"), (">", 0.0, 0.2, "inconclusive"), (">", -0.1, 0.1, "inconclusive"),
        (">", -0.2, 0.0, "fail"), (">", -0.2, -0.1, "fail"),
        (">=", 0.0, 0.2, "pass"), (">=", -0.2, 0.0, "inconclusive"), (">=", -0.2, -0.1, "fail"),
        ("<", -0.2, -0.1, "pass"), ("<", -0.2, 0.0, "inconclusive"), ("<", 0.0, 0.2, "fail"),
        ("<=", -0.2, 0.0, "pass"), ("<=", 0.0, 0.2, "inconclusive"), ("<=", 0.1, 0.2, "fail"),
        (">", math.nan, 0.1, "inconclusive"), (">", math.nan, -0.1, "fail"), (">", 0.1, math.nan, "pass"),
        ("<", math.nan, math.nan, "inconclusive"), (">", math.nan, math.nan, "inconclusive"),
    ],
)  # fmt: skip
def test_an_estimate_passes_by_one_bound_and_fails_by_the_other(
    operator: str, lower: float, upper: float, outcome: str
) -> None:
    assert outcome_of_estimate(parse_rule(f"m {operator} baseline"), estimate(lower, upper), 0.0) == outcome


@given(st.sampled_from(OPERATORS), st.floats(-1, 1), st.floats(0, 1), st.floats(-1, 1))
def test_an_estimate_without_width_is_a_number(operator: str, value: float, width: float, bound: float) -> None:
    rule = parse_rule(f"m {operator} baseline")
    assert outcome_of_estimate(rule, estimate(value, value), bound) == outcome_of_value(rule, value, bound)
    certain = outcome_of_estimate(rule, estimate(value - width, value + width), bound)
    assert certain in {"inconclusive", outcome_of_value(rule, value, bound)}


@pytest.mark.parametrize(("one", "two"), list(product(KINDS, KINDS)))
def test_rules_that_must_all_pass_are_as_bad_as_the_worst(one: RuleOutcome, two: RuleOutcome) -> None:
    combined = combine_all([result(one), result(two)])
    kinds = {one, two}
    undecided = bool(kinds & {"inconclusive", "incomparable"})
    assert combined.outcome == ("fail" if "fail" in kinds else "inconclusive" if undecided else "pass")
    assert combined.blocked == (combined.outcome == "inconclusive" and "incomparable" in kinds)
    assert combined.skipped == (kinds == {"skipped"})


def test_what_does_not_decide_does_not_count() -> None:
    assert combine_all([result("fail", decides=False), result("pass")]) == Combined("pass")
    assert combine_all([]) == Combined("pass")


def test_an_inconclusive_rule_that_is_not_waivable_blocks() -> None:
    assert combine_all([result("inconclusive"), result("inconclusive", waivable=False)]).blocked
    assert not combine_all([result("inconclusive"), result("pass", waivable=False)]).blocked


PASS, FAIL, OPEN = Combined("pass"), Combined("fail"), Combined("inconclusive")
BLOCKED, SKIPPED = Combined("inconclusive", blocked=True), Combined("pass", skipped=True)


@pytest.mark.parametrize(
    ("alternatives", "together"),
    [
        ([PASS, FAIL], PASS), ([PASS, BLOCKED], PASS), ([FAIL, FAIL], FAIL), ([FAIL, OPEN], OPEN),
        ([OPEN, BLOCKED], BLOCKED), ([FAIL, BLOCKED], BLOCKED), ([BLOCKED, BLOCKED], BLOCKED),
        ([SKIPPED, FAIL], FAIL), ([SKIPPED, OPEN], OPEN), ([SKIPPED, PASS], PASS), ([SKIPPED, SKIPPED], SKIPPED),
    ],
)  # fmt: skip
def test_one_alternative_that_passes_is_enough(alternatives: list[Combined], together: Combined) -> None:
    assert combine_any(alternatives) == combine_any(alternatives[::-1]) == together
