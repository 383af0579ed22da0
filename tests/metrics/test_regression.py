from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import assume, given
from hypothesis import strategies as st

from mlops_ci.metrics import METRICS, Predictions, RowMeans
from tests.metrics.rows import POSITIVE, close, counts, found, regression


@given(regression(), st.sampled_from([0.05, 0.5, 0.9]))
def test_errors_agree_with_scikit_learn(rows: Predictions, quantile: float) -> None:
    truth, answer, weight = rows.target, rows.prediction, counts(rows)
    assert close(found("mae", rows), reference.mean_absolute_error(truth, answer, sample_weight=weight))
    assert close(found("rmse", rows), reference.root_mean_squared_error(truth, answer, sample_weight=weight))
    assert close(found("mape", rows), reference.mean_absolute_percentage_error(truth, answer, sample_weight=weight))
    pinball = reference.mean_pinball_loss(truth, answer, sample_weight=weight, alpha=quantile)
    assert close(found(f"pinball({quantile})", rows), pinball)


@given(regression(POSITIVE))
def test_deviances_agree_with_scikit_learn(rows: Predictions) -> None:
    truth, answer, weight = rows.target, rows.prediction, counts(rows)
    gamma = reference.mean_gamma_deviance(truth, answer, sample_weight=weight)
    assert close(found("gamma_deviance", rows), gamma)
    truth[0] = 0.0
    poisson = reference.mean_poisson_deviance(truth, answer, sample_weight=weight)
    assert close(found("poisson_deviance", rows), poisson)


@given(regression(), st.sampled_from([0.0, 1e6]))
def test_r2_agrees_with_scikit_learn_even_far_from_zero(rows: Predictions, offset: float) -> None:
    weight = counts(rows)
    assume(np.ptp(rows.target[weight > 0]) > 1e-2)
    assert rows.prediction is not None
    moved = Predictions("regression", rows.target + offset, rows.prediction + offset, None, (), weight=rows.weight)
    theirs = reference.r2_score(moved.target, moved.prediction, sample_weight=weight)
    assert math.isclose(found("r2", moved), theirs, rel_tol=1e-9, abs_tol=1e-9)


@given(regression())
def test_the_symmetric_mape_is_a_share_of_both_numbers(rows: Predictions) -> None:
    assert rows.prediction is not None
    both = np.abs(rows.target) + np.abs(rows.prediction)
    parts = [2 * abs(t - p) / b if b else 0.0 for t, p, b in zip(rows.target, rows.prediction, both, strict=True)]
    assert close(found("smape", rows), float(np.average(parts, weights=rows.weight)))


@pytest.mark.parametrize(("truth", "answer"), [(-1.0, 1.0), (1.0, 0.0), (1.0, -2.0), (np.nan, 1.0)])
@pytest.mark.parametrize("call", ["poisson_deviance", "gamma_deviance"])
def test_a_deviance_of_numbers_that_it_is_not_for_is_nan(call: str, truth: float, answer: float) -> None:
    rows = Predictions("regression", np.array([2.0, truth]), np.array([2.0, answer]), None, ())
    assert math.isnan(found(call, rows))


def test_only_the_poisson_deviance_knows_a_truth_of_zero() -> None:
    rows = Predictions("regression", np.array([0.0]), np.array([3.0]), None, ())
    assert found("poisson_deviance", rows) == 6.0 and math.isnan(found("gamma_deviance", rows))


@pytest.mark.parametrize("constant", [0.1, 1e9 + 0.3, -7.0])
def test_r2_of_a_constant_target_is_nan(constant: float) -> None:
    rows = Predictions("regression", np.full(7, constant), np.arange(7.0), None, ())
    assert math.isnan(found("r2", rows))
    target = np.array([*[constant] * 4, 5.0, 6.0, 7.0, 8.0, 9.0])
    weight = np.array([0.3, 0.1, 0.7, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert math.isnan(found("r2", Predictions("regression", target, np.arange(9.0), None, (), weight=weight)))


@pytest.mark.parametrize("n", [3, 6, 7])
def test_the_r2_moments_of_a_constant_target_are_exactly_zero(n: int) -> None:
    rows = Predictions("regression", np.full(n, 0.1), np.zeros(n), None, ())
    form = METRICS["r2"].form
    assert isinstance(form, RowMeans)
    assert not form.moments(rows)[:, 1:].any()


@given(regression())
def test_moments_of_resampled_rows_give_the_metric_of_those_rows(rows: Predictions) -> None:
    picked = np.arange(len(rows)) // 2
    assume(rows.weight is None and np.ptp(rows.target[picked]) > 1e-2)
    for name in ("mae", "rmse", "r2"):
        form = METRICS[name].form
        assert isinstance(form, RowMeans)
        means = np.stack([form.moments(rows)[picked].mean(axis=0)] * 2)
        expected = found(name, rows.take(picked))
        assert form.combine(means) == pytest.approx([expected, expected], rel=1e-6, abs=1e-6)


NUMBERS_ONLY = [name for name, metric in METRICS.items() if "regression" in metric.tasks]


@pytest.mark.parametrize("name", NUMBERS_ONLY)
@pytest.mark.parametrize("where", ["target", "prediction"])
def test_a_nan_number_gives_nan(name: str, where: str) -> None:
    columns = {"target": np.array([1.0, 2.0, 4.0]), "prediction": np.array([1.0, 2.0, 3.0])}
    columns[where][1] = np.nan
    assert math.isnan(found(name, Predictions("regression", columns["target"], columns["prediction"], None, ())))


@pytest.mark.parametrize("name", NUMBERS_ONLY)
def test_infinite_numbers_do_not_raise(name: str) -> None:
    rows = Predictions("regression", np.array([1.0, 2.0, np.inf]), np.array([np.inf, 1e300, np.inf]), None, ())
    assert not math.isfinite(found(name, rows))
