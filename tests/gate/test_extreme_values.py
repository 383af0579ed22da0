"""Numbers at the edges of what they may be, and of double precision: no crash, and never a pass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mlops_ci.metrics import Predictions
from mlops_ci.project.rules import Interval, parse_rule
from mlops_ci.records.verdict import Verdict
from tests.gate.conftest import Read, Write
from tests.gate.parts import Floats, evidence, gate, outcomes, regression, scores, verdict_on

ROWS = 400
TRUTH = np.random.default_rng(5).normal(size=ROWS)
CLOSE, FAR = (TRUTH + spread * np.random.default_rng(seed).normal(size=ROWS) for seed, spread in ((6, 0.1), (8, 0.2)))


def held(rules: Sequence[str], ours: Predictions, theirs: Predictions, interval: Interval = "usual") -> Verdict:
    parsed = [parse_rule(rule, interval=interval) for rule in rules]
    return verdict_on(gate(*parsed), evidence(ours), evidence(theirs))


@pytest.mark.parametrize("interval", ["bernstein", "betting"])
@pytest.mark.parametrize("stray", [1.0 + 5e-7, -5e-7])
def test_a_probability_that_strays_by_its_rounding_has_finite_sample_bounds(interval: Interval, stray: float) -> None:
    target = np.arange(ROWS) % 2 == 0
    score = np.where(target, 0.8, 0.2)
    strayed = np.where(np.arange(ROWS) == int(stray > 1), stray, score)  # on the wrong side of the row's own truth
    rules = ("brier <= 0.5", "brier <= baseline + 0.5")
    found = held(rules, scores(target, strayed), scores(target, score), interval)
    assert outcomes(found) == ["pass", "pass"]


@pytest.mark.parametrize("interval", ["bernstein", "betting"])
def test_scores_of_classes_that_do_not_add_up_to_one_have_finite_sample_bounds(interval: Interval) -> None:
    target = np.arange(ROWS) % 3
    score = np.where(np.random.default_rng(7).random((ROWS, 3)) < 0.5, 1.0, 0.9)

    def model(score: Floats) -> Predictions:
        return Predictions("multiclass", target, score.argmax(axis=1), score, ("a", "b", "c"))

    rules = ("brier <= 2.5", "brier <= baseline + 1.5")
    found = held(rules, model(score), model(score[:, ::-1].copy()), interval)
    assert outcomes(found) == ["pass", "pass"]


@pytest.mark.parametrize("answer", [1e20, 1e110, 1e150, 1e160, 1e200, 1e308])
@pytest.mark.parametrize("diverged", ["one row", "all rows"])
def test_a_regression_that_diverged_never_passes(answer: float, diverged: str) -> None:
    rows = np.arange(ROWS) == 7 if diverged == "one row" else np.ones(ROWS, dtype=bool)
    ours = np.where(rows, answer * np.random.default_rng(7).uniform(0.5, 1.0, ROWS), CLOSE)
    rules = ("mae <= baseline", "rmse <= baseline", "mae <= 9", "r2 >= 0.5", "smape <= baseline - 0.5")
    verdict = held(rules, regression(TRUTH, ours), regression(TRUTH, FAR))
    assert {*outcomes(verdict)} <= {"fail", "inconclusive"}
    assert all(result.reason for result in verdict.rules)


@pytest.mark.parametrize("answer", [1e160, 1e308])
def test_a_baseline_that_diverged_is_not_beaten(answer: float) -> None:
    theirs = np.where(np.arange(ROWS) == 7, answer, FAR)
    verdict = held(("mae < baseline", "rmse < baseline"), regression(TRUTH, CLOSE), regression(TRUTH, theirs))
    assert {*outcomes(verdict)} <= {"inconclusive", "incomparable"}


@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e-165, 1e-160, 1e-155, 1e-150, 1e-140, 1e140, 1e150, 1e160])
def test_units_in_which_squares_are_no_numbers_are_judged_as_unknown(scale: float) -> None:
    ours, theirs = (regression(TRUTH * scale, answer * scale) for answer in (FAR, CLOSE))
    verdict = held(("mae <= baseline", "rmse <= baseline", "r2 >= baseline"), ours, theirs)
    assert "pass" not in {result.outcome for result in verdict.rules if result.candidate != result.baseline}
    if not 1e-140 <= scale <= 1e150:
        assert {*outcomes(held(("r2 >= 0.5",), theirs, ours))} == {"fail"}


@pytest.mark.parametrize("scale", [1e-100, 1.0, 1e100])
def test_units_do_not_matter_otherwise(scale: float) -> None:
    ours, theirs = (regression(TRUTH * scale, answer * scale) for answer in (CLOSE, FAR))
    assert outcomes(held(("mae < baseline", "rmse < baseline", "r2 > baseline"), ours, theirs)) == ["pass"] * 3


@pytest.mark.parametrize(
    ("heaviest", "others", "passes"), [(1e308, 1.0, False), (1e308, 1e308, True), (1e-320, 1e-320, True)]
)
def test_weights_of_any_size_count_in_proportion(
    heaviest: float, others: float, passes: bool, write: Write, read: Read
) -> None:
    target = np.arange(ROWS) % 2
    score = np.where(np.random.default_rng(7).random(ROWS) < 0.9, 0.2 + 0.6 * target, 0.5)
    weight = np.where(np.arange(ROWS) == 0, heaviest, others)
    columns = {"id": np.arange(ROWS), "target": target, "score": score, "weight": weight}
    found = read(write("rows.parquet", columns))
    rules = ("accuracy >= 0.5", "roc_auc >= 0.5", "log_loss <= baseline + 1", "pr_auc >= baseline - 0.3", "f1 >= 0.1")
    verdict = verdict_on(gate(*rules), found, found)
    alone = {result.outcome for result in verdict.rules if result.baseline is None}
    assert alone == {"pass" if passes else "inconclusive"}
