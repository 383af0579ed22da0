from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.metrics import Predictions, RowMeans, metric_of
from mlops_ci.metrics.predictions import Task
from tests.metrics.rows import binary, close, counts, found, multiclass


@given(binary())
def test_losses_of_a_binary_task_agree_with_scikit_learn(rows: Predictions) -> None:
    weight = counts(rows)
    log_loss = reference.log_loss(rows.target, rows.score, labels=[False, True], sample_weight=weight)
    assert close(found("log_loss", rows), log_loss)
    brier = reference.brier_score_loss(rows.target, rows.score, sample_weight=weight, labels=[False, True])
    assert close(found("brier", rows), brier)


@given(multiclass())
def test_losses_of_a_multiclass_task_agree_with_scikit_learn(rows: Predictions) -> None:
    labels, weight = range(len(rows.classes)), counts(rows)
    log_loss = reference.log_loss(rows.target, rows.score, labels=labels, sample_weight=weight)
    assert close(found("log_loss", rows), log_loss)
    brier = reference.brier_score_loss(
        rows.target, rows.score, labels=labels, sample_weight=weight, scale_by_half=False
    )
    assert close(found("brier", rows), brier)


@given(binary() | multiclass(), st.integers(1, 20))
def test_the_calibration_error_is_the_mean_distance_of_bins(rows: Predictions, bins: int) -> None:
    weight, score = counts(rows), rows.score
    assert score is not None
    confidence = score if rows.task == "binary" else score.max(axis=1)
    correct = rows.target if rows.task == "binary" else score.argmax(axis=1) == rows.target
    edges = np.linspace(0.0, 1.0, bins + 1)
    expected = 0.0
    for number in range(bins):
        low = confidence >= 0 if number == 0 else confidence > edges[number]
        inside = low & ((confidence <= edges[number + 1]) | (number == bins - 1))
        if weight[inside].sum() > 0:
            distance = np.average(confidence[inside], weights=weight[inside]) - np.average(
                correct[inside], weights=weight[inside]
            )
            expected += weight[inside].sum() / weight.sum() * abs(distance)
    assert close(found(f"calibration_error({bins})", rows), expected)


def test_the_calibration_error_has_fifteen_bins_unless_told() -> None:
    random = np.random.default_rng(0)
    rows = Predictions("binary", random.random(500) < 0.5, None, random.random(500), ("n", "y"))
    assert found("calibration_error", rows) == found("calibration_error(15)", rows) != found(
        "calibration_error(10)", rows
    )  # fmt: skip


@pytest.mark.parametrize("call", ["log_loss", "brier", "calibration_error"])
@pytest.mark.parametrize("score", [[0.2, 1.5], [-0.5, 0.5], [np.nan, 0.5], [np.inf, 0.5]])
def test_what_is_no_probability_gives_nan(call: str, score: list[float]) -> None:
    assert math.isnan(found(call, Predictions("binary", np.array([True, False]), None, np.array(score), ("n", "y"))))
    both = np.array([score, [0.5, 0.5]])
    assert math.isnan(found(call, Predictions("multiclass", np.array([1, 0]), None, both, ("a", "b"))))


def test_log_loss_forgives_the_rounding_of_a_float32_softmax() -> None:
    rows = Predictions("binary", np.array([True]), None, np.array([1.0 + 2e-7]), ("n", "y"))
    assert found("log_loss", rows) == pytest.approx(0.0, abs=1e-12)


def test_log_loss_scales_multiclass_rows_to_one() -> None:
    rows = Predictions("multiclass", np.array([0]), None, np.array([[0.9, 0.9, 0.9]]), ("a", "b", "c"))
    assert found("log_loss", rows) == pytest.approx(math.log(3.0))


def test_a_certain_and_wrong_answer_has_the_log_loss_of_the_clipped_probability() -> None:
    rows = Predictions("binary", np.array([True]), None, np.array([0.0]), ("n", "y"))
    assert found("log_loss", rows) == pytest.approx(-math.log(np.finfo(float).eps))


def test_losses_are_the_same_however_many_rows_are_held_at_once() -> None:
    random = np.random.default_rng(0)
    n, k = 30_000, 50
    score = random.dirichlet(np.ones(k), n)
    target = random.integers(0, k, n)
    rows = Predictions("multiclass", target, None, score, tuple(map(str, range(k))))
    assert close(found("log_loss", rows), -np.log(score[np.arange(n), target]).mean())
    assert close(found("brier", rows), np.square(score - np.eye(k)[target]).sum(axis=1).mean())


@given(binary() | multiclass())
def test_the_brier_score_of_a_row_lies_in_its_range(rows: Predictions) -> None:
    metric = metric_of("brier")
    assert metric is not None and isinstance(metric.form, RowMeans)
    limits, losses = metric.form.range_of(rows), metric.form.moments(rows)
    assert limits == ((0.0, 1.0) if rows.task == "binary" else (0.0, len(rows.classes)))
    assert limits[0] <= losses.min() and losses.max() <= limits[1]


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_the_brier_score_reaches_the_ends_of_its_range_and_strays_no_further(task: Task) -> None:
    most, least = 1.0 + 5e-7, -5e-7  # as a float32 softmax may
    if task == "binary":
        rows = Predictions("binary", np.array([False, True]), None, np.array([most, most]), ("n", "y"))
    else:
        scores = np.array([[least, most, most], [most, least, least]])
        rows = Predictions("multiclass", np.array([0, 0]), None, scores, ("a", "b", "c"))
    metric = metric_of("brier")
    assert metric is not None and isinstance(metric.form, RowMeans)
    low, high = metric.form.range_of(rows) or (math.nan, math.nan)
    assert metric.form.moments(rows)[:, 0].tolist() == [high, low]
