"""A candidate that answers exactly as the champion does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlops_ci.gate.evidence import Evidence
from mlops_ci.metrics import Predictions
from tests.gate.parts import evidence, gate, regression, right_in, scores, verdict_on

RANDOM = np.random.default_rng(3)
TARGET = RANDOM.random(3000) < 0.3
SCORED = evidence(scores(TARGET, np.clip(0.3 * TARGET + 0.7 * RANDOM.random(3000), 0, 1)))
NUMBERS = RANDOM.normal(size=3000)
FITTED = evidence(regression(NUMBERS, NUMBERS + 0.3 * RANDOM.normal(size=3000)))


@pytest.mark.parametrize(
    ("rule", "both"),
    [
        ("accuracy > baseline", SCORED),
        ("roc_auc > baseline", SCORED),
        ("log_loss < baseline", SCORED),
        ("rmse < baseline", FITTED),
        ("mae < baseline", FITTED),
        ("r2 > baseline", FITTED),
    ],
)
def test_it_is_not_better(rule: str, both: Evidence) -> None:
    verdict = verdict_on(gate(rule), both, both)
    assert verdict.outcome != "pass"
    assert verdict.rules[0].change == 0


@pytest.mark.parametrize(
    ("rule", "both"),
    [
        ("accuracy >= baseline - 0.01", SCORED),
        ("roc_auc >= baseline - 0.01", SCORED),
        ("log_loss <= baseline * 1.02", SCORED),
        ("rmse <= baseline * 1.02", FITTED),
        ("r2 >= baseline - 0.01", FITTED),
    ],
)
def test_it_is_not_much_worse(rule: str, both: Evidence) -> None:
    assert verdict_on(gate(rule), both, both).outcome == "pass"


def test_with_few_rows_not_even_that_is_known() -> None:
    both = evidence(right_in(40, 50))
    verdict = verdict_on(gate("accuracy >= baseline - 0.01"), both, both)
    assert verdict.outcome == "inconclusive"
    needed = verdict.rules[0].rows_needed
    assert needed and needed > 50


def test_the_rows_said_to_be_needed_are_about_enough() -> None:
    random = np.random.default_rng(4)

    def pair(rows: int) -> tuple[Evidence, Evidence]:
        shared, apart, mixed = random.random(rows) < 0.8, random.random((2, rows)) < 0.8, random.random(rows) < 0.2
        one, two = (np.where(mixed, part, shared) for part in apart)
        target = np.arange(rows) % 2 == 0
        # Scores on the right side of 0.5 where the answer is right.
        return tuple(evidence(scores(target, np.where(part == target, 0.9, 0.1))) for part in (one, two))  # type: ignore[return-value]

    choice = gate("accuracy >= baseline - 0.02")
    wanted = [verdict_on(choice, *pair(400)).rules[0].rows_needed for _ in range(20)]
    needed = int(np.median([rows for rows in wanted if rows]))
    passed = sum(verdict_on(choice, *pair(needed)).outcome == "pass" for _ in range(100))
    assert 65 <= passed <= 95


def test_no_rows_are_promised_where_more_of_the_same_would_not_help() -> None:
    verdict = verdict_on(gate("accuracy >= 0.8"), evidence(right_in(79, 100)))
    assert (verdict.outcome, verdict.rules[0].rows_needed) == ("inconclusive", None)
    assert "more of the same would not" in verdict.summary


def test_errors_that_agree_do_not_make_different_answers_the_same() -> None:
    above, below = (evidence(regression(NUMBERS, NUMBERS + sign)) for sign in (1.0, -1.0))
    verdict = verdict_on(gate("rmse <= baseline", "mae <= baseline * 1.1"), above, below)
    assert [rule.outcome for rule in verdict.rules] == ["inconclusive", "inconclusive"]
    assert "though they are not the same" in verdict.rules[0].reason


@pytest.mark.parametrize("rows", [2, 50, 3000])
def test_errors_of_zero_in_all_rows_do_not_tell_how_large_others_are(rows: int) -> None:
    exact = evidence(regression(NUMBERS[:rows], NUMBERS[:rows]))
    verdict = verdict_on(gate("rmse <= 0.001", "mae <= 0.001"), exact)
    assert {rule.outcome for rule in verdict.rules} == {"inconclusive"}
    assert "all rows are alike" in verdict.rules[0].reason


def test_marks_that_no_row_has_are_bounded_as_a_share_of_rows() -> None:
    def marked(rows: int) -> Evidence:
        columns = {"toxic": np.zeros(rows)}
        return evidence(Predictions("rows", np.zeros(rows), None, None, (), columns=columns))

    few, many = (verdict_on(gate("mean(toxic) <= 0.01"), marked(rows)).rules[0] for rows in (200, 400))
    assert (few.outcome, many.outcome) == ("inconclusive", "pass")
    assert few.interval and few.interval[1] == pytest.approx(1 - 0.05 ** (1 / 200))
    assert few.rows_needed is not None


def test_bounds_that_know_how_bad_a_row_can_be_are_not_settled_by_equal_answers() -> None:
    choice = replace(gate("brier <= baseline", "brier <= baseline + 0.05"), interval="betting")
    assert [rule.outcome for rule in verdict_on(choice, SCORED, SCORED).rules] == ["inconclusive", "pass"]
