"""What a report draws of predictions: exact, bounded, and without what is no number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score, confusion_matrix, precision_recall_curve, roc_auc_score, roc_curve

from mlops_ci.metrics import Predictions
from mlops_ci.metrics.answers import answers_of
from mlops_ci.metrics.curves import POINTS, calibration, residuals, score_curves, spread, thinned


def binary(rows: int, **more: Any) -> Predictions:
    rng = np.random.default_rng(7)
    target = rng.random(rows) < 0.3
    score = np.round(np.clip(0.4 * target + 0.6 * rng.random(rows), 0, 1), 3)
    return Predictions("binary", target, None, score, ("no", "yes"), **more)


def test_a_short_curve_is_that_of_scikit_learn() -> None:
    found = binary(40)
    answers = answers_of(found)
    assert answers.roc is not None and answers.precision_recall is not None
    false, true, _ = roc_curve(found.target, found.score, drop_intermediate=False)
    assert answers.roc.x == pytest.approx(false) and answers.roc.y == pytest.approx(true)
    precision, recall, _ = precision_recall_curve(found.target, found.score)
    assert answers.precision_recall.x == pytest.approx(recall[-2::-1])
    assert answers.precision_recall.y == pytest.approx(precision[-2::-1])
    assert answers.roc.area == pytest.approx(roc_auc_score(found.target, found.score))
    assert answers.precision_recall.area == pytest.approx(average_precision_score(found.target, found.score))


def test_weights_count() -> None:
    weight = np.random.default_rng(8).random(40)
    found = binary(40, weight=weight)
    roc = answers_of(found).roc
    false, true, _ = roc_curve(found.target, found.score, drop_intermediate=False, sample_weight=weight)
    assert roc is not None and roc.x == pytest.approx(false) and roc.y == pytest.approx(true)


def test_a_long_curve_is_thinned_and_stays_close() -> None:
    found = binary(200_000)
    found_score = found.require_score() + np.random.default_rng(8).random(200_000) * 1e-4
    roc, precision_recall = score_curves(found.target, found_score, None)
    assert roc is not None and precision_recall is not None
    assert len(roc.x) <= POINTS and len(precision_recall.x) <= POINTS
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0.0, 0.0, 1.0, 1.0)
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(roc.area, abs=2e-3)


@settings(max_examples=60, deadline=None)
@given(arrays(float, st.integers(1, 600), elements=st.floats(-1e6, 1e6)), st.integers(3, 50))
def test_thinning_keeps_the_ends_and_takes_only_points_there_are(values: Any, most: int) -> None:
    x = np.arange(len(values), dtype=float)
    kept_x, kept_y = thinned(x, values, most)
    assert len(kept_x) <= max(most, 1) and kept_x[0] == 0.0 and kept_x[-1] == len(values) - 1
    assert all(values[int(place)] == value for place, value in zip(kept_x, kept_y, strict=True))


def many_classes(rows: int, classes: int) -> Predictions:
    rng = np.random.default_rng(7)
    target = np.minimum(rng.geometric(0.4, rows) - 1, classes - 1)
    score = rng.dirichlet(np.ones(classes), rows)
    score[np.arange(rows), target] += 0.3
    names = tuple("hgfedcba"[:classes])
    return Predictions("multiclass", target, None, score / score.sum(axis=1, keepdims=True), names)


def test_of_many_classes_each_of_the_most_frequent_is_held_against_all_others() -> None:
    found = many_classes(150, 8)
    rocs = answers_of(found).class_rocs
    rows = np.bincount(found.target.astype(int), minlength=8)
    frequent = sorted(range(8), key=lambda code: (-rows[code], found.classes[code]))
    assert [each.of for each in rocs] == [found.classes[code] for code in frequent[:6]]
    for each in rocs:
        code = found.classes.index(each.of)
        false, true, _ = roc_curve(found.target == code, found.require_score()[:, code], drop_intermediate=False)
        assert each.roc.x == pytest.approx(false) and each.roc.y == pytest.approx(true)


def test_a_class_of_all_rows_or_of_none_has_no_curve_and_without_scores_none_has() -> None:
    score = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1]])
    target, names = np.array([0, 1, 0]), ("a", "b", "c")
    assert [each.of for each in answers_of(Predictions("multiclass", target, None, score, names)).class_rocs] == [
        "a",
        "b",
    ]
    alone = Predictions("multiclass", np.zeros(3, dtype=np.int64), None, score, names)
    assert answers_of(alone).class_rocs == ()
    assert answers_of(Predictions("multiclass", target, target, None, names)).class_rocs == ()


def test_of_one_class_there_is_no_curve() -> None:
    assert score_curves(np.ones(3, dtype=bool), np.array([0.1, 0.2, 0.3]), None) == (None, None)
    assert score_curves(np.ones(0, dtype=bool), np.ones(0), None) == (None, None)


def test_calibration_counts_its_rows() -> None:
    bins = calibration(np.array([True, False, True]), np.array([0.05, 0.06, 1.0]), None)
    assert bins is not None
    assert bins.predicted == pytest.approx((0.055, 1.0)) and bins.observed == (0.5, 1.0) and bins.rows == (2, 1)


def test_scores_that_are_no_probabilities_are_not_calibrated() -> None:
    assert calibration(np.array([True, False]), np.array([-3.0, 5.0]), None) is None


def test_rows_without_a_score_are_counted_and_in_no_curve() -> None:
    score = np.array([0.9, np.nan, 0.2, 0.4])
    answers = answers_of(Predictions("binary", np.array([1, 1, 0, 0], bool), None, score, ("no", "yes")))
    assert answers.unusable == 1 and answers.roc is not None and answers.roc.area == 1.0
    assert answers.confusion is not None and sum(map(sum, answers.confusion.counts)) == 3


def test_predictions_that_are_all_no_number_have_no_curve() -> None:
    answers = answers_of(Predictions("regression", np.ones(3), np.full(3, np.nan), None, ()))
    assert answers.unusable == 3 and answers.residuals is None and answers.spreads == ()


def test_a_confusion_matrix_is_that_of_scikit_learn() -> None:
    target, answer = np.random.default_rng(7).integers(0, 4, (2, 100))
    answers = answers_of(Predictions("multiclass", target, answer, None, tuple("abcd")))
    assert answers.confusion is not None and answers.confusion.others == 0
    assert np.array(answers.confusion.counts).tolist() == confusion_matrix(target, answer).tolist()


def test_of_a_million_classes_the_largest_are_told_apart() -> None:
    classes = tuple(f"class {number}" for number in range(1_000_000))
    target = np.concatenate([np.full(50, 777_777), np.full(20, 5), np.arange(1_000)])
    answers = answers_of(Predictions("multiclass", target, target.copy(), None, classes))
    assert answers.confusion is not None
    assert len(answers.confusion.classes) == 30 and answers.confusion.others == 999_971
    assert answers.confusion.classes[:2] == ("class 777777", "class 5")
    assert answers.confusion.classes[-1] == "999,971 others"
    assert sum(map(sum, answers.confusion.counts)) == len(target)


def test_many_classes_are_calibrated_by_the_class_that_is_answered() -> None:
    score = np.array([[0.7, 0.3], [0.6, 0.4], [0.1, 0.9]])
    answers = answers_of(Predictions("multiclass", np.array([0, 1, 1]), None, score, ("a", "b")))
    assert answers.calibration is not None
    assert answers.calibration.rows == (1, 1, 1) and answers.calibration.observed == (0.0, 1.0, 1.0)


def test_residuals_have_the_largest_errors_among_their_points() -> None:
    target, prediction = np.zeros(10_000), np.linspace(0.0, 1.0, 10_000)
    target[4_321] = 50.0
    found = residuals(target, prediction)
    assert found is not None and len(found.points.x) <= POINTS and max(found.points.y) == pytest.approx(50.0, abs=1.0)
    assert len(found.middles) == 20 and list(found.middles) == sorted(found.middles)
    assert all(low <= middle <= high for low, middle, high in zip(found.low, found.median, found.high, strict=True))


def test_a_spread_says_which_share_is_at_most_so_large() -> None:
    curve = spread(np.array([3.0, 1.0, 1.0, np.nan, np.inf]))
    assert curve is not None and curve.x == (1.0, 3.0) and curve.y == pytest.approx((2 / 3, 1.0))
    assert spread(np.array([np.nan])) is None


@pytest.mark.parametrize(
    ("predictions", "of"),
    [
        (Predictions("regression", np.array([1.0, 2.0]), np.array([1.5, 2.0]), None, ()), "absolute error"),
        (
            Predictions("ranking", np.array([1.0, 0.0]), None, np.array([0.2, 0.1]), (), group=np.array([0, 0])),
            "NDCG of a query",
        ),
        (Predictions("rows", np.zeros(2), None, None, (), columns={"judge": np.array([1.0, 5.0])}), "judge"),
    ],
)
def test_other_tasks_have_a_spread(predictions: Predictions, of: str) -> None:
    assert [one.of for one in answers_of(predictions).spreads] == [of]
