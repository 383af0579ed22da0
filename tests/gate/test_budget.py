"""A verdict at the level of its look, on a worn-out set, and without the numbers that a budget keeps back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.gate.asking import asks_the_set, level_of
from mlops_ci.gate.custom import CustomResult
from mlops_ci.gate.evidence import Evidence
from mlops_ci.gate.judge import judge
from mlops_ci.gate.withholding import STEPS, gain_values, withheld
from mlops_ci.project.project import GateChoice
from mlops_ci.project.rules import AnyOf, Rule, parse_rule
from mlops_ci.records.codec import encode
from mlops_ci.records.verdict import Reveal, Side, Spent, Verdict
from tests.gate.parts import SET, answers, any_of, champion, evidence, gate, outcomes, right_in, sliced
from tests.gate.test_many_rules import with_disagreement

CANDIDATE = Side("sha256:new")
ROWS = 1000


def look(number: int = 1, looks: int | None = 50, error: float = 0.001, reveal: Reveal = "all") -> Spent:
    return Spent(number, looks, error, 0.05, "even", reveal)


def judged(choice: GateChoice, candidate: Evidence, spent: Spent | None, baseline: Evidence | None = None) -> Verdict:
    return judge(choice, CANDIDATE, candidate, {"baseline": champion(baseline or evidence(right_in(600, ROWS)))}, spent)


def test_a_look_is_held_to_its_own_level() -> None:
    choice, candidate = gate("accuracy > baseline"), evidence(right_in(606, ROWS))
    alone = judged(choice, candidate, None)
    assert (alone.outcome, alone.confidence) == ("pass", 0.95)
    verdict = judged(choice, candidate, look(error=0.0001))
    assert (verdict.outcome, verdict.confidence) == ("inconclusive", 0.9999)
    assert verdict.spent == look(error=0.0001)


def test_a_claim_of_failure_is_held_to_the_level_of_its_look_too() -> None:
    ours, theirs = with_disagreement(40, 75)
    one = judged(gate("accuracy >= baseline"), ours, look(error=0.001), theirs)
    two = judged(gate("accuracy >= baseline", "accuracy > 0.1"), ours, look(error=0.001), theirs)
    assert (one.outcome, two.outcome) == ("fail", "inconclusive")


def test_alternatives_share_the_error_of_their_look() -> None:
    rows, right = 1000, 650
    choices = (gate("accuracy > 0.6"), gate(any_of("accuracy > 0.6", "accuracy > 0.99")))
    [one, two] = [judged(choice, evidence(right_in(right, rows)), look()) for choice in choices]
    assert two.rules[0].interval and one.rules[0].interval
    assert two.rules[0].interval < one.rules[0].interval


def test_a_worn_out_set_answers_nothing_and_no_policy_waves_that_through() -> None:
    choice = gate("accuracy > 0.1", "size <= 100", on_inconclusive="allow")
    candidate = replace(evidence(right_in(900, ROWS)), numbers={"size": 10.0})
    verdict = judged(choice, candidate, look(51, error=0.0))
    assert (verdict.outcome, outcomes(verdict), verdict.disagreement) == (
        "inconclusive",
        ["inconclusive", "pass"],
        None,
    )
    assert verdict.rules[0].candidate is None and not verdict.rules[0].waivable
    assert verdict.summary == (
        "Accuracy > 0.1: the evaluation set is worn out: all 50 looks are spent; bring new rows, or raise the budget."
    )


def test_a_set_is_worn_out_when_no_level_is_left() -> None:
    verdict = judged(gate("accuracy > 0.1"), evidence(right_in(900, ROWS)), look(7, None, error=9e-15))
    assert (verdict.outcome, verdict.confidence) == ("inconclusive", 0.95)
    assert "too little of the error is left" in verdict.summary


@given(st.floats(1e-14, 0.5))
def test_a_level_never_leaves_more_error_than_a_look_has(error: float) -> None:
    assert error * 0.98 <= 1 - level_of(error) <= error


@pytest.mark.parametrize(
    ("rule", "asks"), [("accuracy > baseline", True), ("size <= 100", False), ("my_own_metric > 1", True)]
)
def test_only_what_is_computed_from_predictions_asks_the_set(rule: str, asks: bool) -> None:
    candidate = Evidence(right_in(9, 10), SET, {}, {"size": 1.0, "accuracy": 1.0})
    assert asks_the_set(parse_rule(rule), candidate) is asks
    assert not asks_the_set(parse_rule(rule), Evidence(numbers={"size": 1.0}))


def test_a_function_asks_the_set_whatever_the_metrics_file_calls_its_numbers() -> None:
    candidate = Evidence(right_in(9, 10), SET, {}, {"mine": 1.0}, custom={"mine": CustomResult(value=0.5, rows=10)})
    assert asks_the_set(parse_rule("mine > 0"), candidate)
    verdict = judged(gate("mine > 0"), candidate, look(51, error=0.0))
    assert (verdict.outcome, verdict.rules[0].candidate) == ("inconclusive", None)


# --- only gains are revealed

KEPT_BACK: list[tuple[str | Rule | AnyOf, ...]] = [
    ("accuracy > baseline",),
    ("accuracy >= baseline - 0.05", "accuracy > 0.55"),
    ("accuracy > 0.58",),
    (any_of("accuracy > baseline", "accuracy > 0.62"), "size <= 10"),
    (any_of("accuracy > 0.61", "size <= 10"), "accuracy >= baseline - 0.1"),
    (parse_rule("accuracy >= baseline - 0.2", per="colour", min_rows=50), "accuracy > baseline"),
    ("accuracy >= baseline * 0.95", "accuracy > @v3"),
]
COLOURS = ["red" if number < 300 else "blue" if number < 980 else "rare" for number in range(ROWS)]


def _revealed(choice: GateChoice, right: np.ndarray, size: float) -> tuple[Verdict, Verdict]:
    candidate = replace(sliced(answers(right), "colour", COLOURS), numbers={"size": size})
    spent = look(3, error=0.01, reveal="gains")
    full = judged(choice, candidate, spent, baseline=sliced(right_in(600, ROWS), "colour", COLOURS))
    return full, withheld(full, choice, candidate)


@given(
    rules=st.sampled_from(KEPT_BACK),
    one=st.tuples(st.integers(0, ROWS), st.integers(0, ROWS)),
    two=st.tuples(st.integers(0, ROWS), st.integers(0, ROWS)),
    size=st.sampled_from([5.0, 50.0]),
)
def test_two_candidates_of_the_same_gain_are_told_the_very_same(
    rules: tuple[str | Rule | AnyOf, ...], one: tuple[int, int], two: tuple[int, int], size: float
) -> None:
    choice = gate(*rules)
    told: dict[tuple[bool, float | None], bytes] = {}
    for first, last in (one, two):
        rows = np.arange(ROWS)
        full, shown = _revealed(choice, (rows < first) | (rows >= last), size)
        assert (full.outcome == "pass") == (shown.outcome == "pass")
        gain = next((result.change for result in shown.rules if result.change is not None), None)
        assert told.setdefault((shown.outcome == "pass", gain), encode(shown)) == encode(shown)


@given(st.integers(600, ROWS), st.sampled_from([gate(*rules) for rules in KEPT_BACK]))
def test_gains_are_told_in_as_many_values_as_are_paid_for(count: int, choice: GateChoice) -> None:
    full, shown = _revealed(choice, np.arange(ROWS) < count, 5.0)
    told = [result.change for result in shown.rules if result.change is not None]
    candidate = evidence(right_in(count, ROWS))
    assert len(told) <= 1 and set(told) <= set(STEPS)
    assert gain_values(choice, candidate) >= (1 + len(STEPS) if told else 1)
    if told and full.outcome == "pass":
        assert told[0] <= (count - 600) / ROWS + 1e-12


def test_a_gain_is_rounded_down() -> None:
    full, shown = _revealed(gate("accuracy > baseline"), np.arange(ROWS) < 671, 5.0)
    assert full.rules[0].change == pytest.approx(0.071)
    assert shown.rules[0].change == 0.05
    assert (shown.rules[0].candidate, shown.rules[0].interval, shown.disagreement) == (None, None, None)


def test_the_gain_that_is_told_is_that_of_all_rows_though_the_same_rule_asks_slices_first() -> None:
    choice = gate(parse_rule("accuracy > baseline", per="colour", min_rows=900), "accuracy > baseline")
    rows = np.arange(ROWS)
    full, shown = _revealed(choice, (rows < 671), 5.0)
    told = [result for result in shown.rules if result.change is not None]
    if full.outcome == "pass":
        assert [result.slice for result in told] == [None]
    choice = gate(parse_rule("accuracy >= baseline - 0.5", per="colour", min_rows=50), "accuracy >= baseline - 0.5")
    full, shown = _revealed(choice, rows < 671, 5.0)
    assert full.outcome == shown.outcome == "pass"
    assert [(r.slice, r.change) for r in shown.rules if r.change is not None] == [(None, 0.05)]


def test_a_loss_that_passes_is_not_told() -> None:
    _, shown = _revealed(gate("accuracy >= baseline - 0.1"), np.arange(ROWS) < 580, 5.0)
    assert (shown.outcome, shown.rules[0].change) == ("pass", None)


def test_what_is_known_without_the_set_is_still_told() -> None:
    _, shown = _revealed(gate("accuracy > baseline", "size <= 10"), np.arange(ROWS) < 900, 50.0)
    assert (shown.outcome, outcomes(shown)) == ("fail", ["inconclusive", "fail"])
    assert shown.summary == "size ≤ 10: it is 50."


def test_a_failure_and_a_doubt_look_the_same() -> None:
    _, failed = _revealed(gate("accuracy > baseline"), np.arange(ROWS) < 100, 5.0)
    _, doubtful = _revealed(gate("accuracy > baseline"), np.arange(ROWS) < 601, 5.0)
    assert encode(failed) == encode(doubtful)
    assert (failed.outcome, failed.summary) == (
        "inconclusive", "Accuracy, better: not all rules pass, and the budget reveals no more than that.",
    )  # fmt: skip
