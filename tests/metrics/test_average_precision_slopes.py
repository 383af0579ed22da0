"""What each row adds to an average precision."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.metrics import Metric, Predictions, Resampled
from mlops_ci.metrics.catalogue import METRICS
from mlops_ci.statistics import by_influence, by_means, by_weights, jackknife_bounds

FloatArray = npt.NDArray[np.float64]
STEP = 1e-5


def form_of(metric: Metric) -> Resampled:
    assert isinstance(metric.form, Resampled) and metric.form.influence is not None
    return metric.form


FORM = form_of(METRICS["pr_auc"])


def predictions(target: npt.NDArray[Any], score: FloatArray, weight: FloatArray | None = None) -> Predictions:
    return Predictions("binary", target.astype(bool), score >= 0.5, score, ("no", "yes"), weight)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.floats(0.1, 5.0)), min_size=2, max_size=25),
    st.booleans(),
)
def test_the_slopes_are_those_of_the_metric(rows: list[tuple[bool, int, float]], weighted: bool) -> None:
    target, score, weight = (np.array(column) for column in zip(*rows, strict=True))
    if not target.any():
        return
    given_rows = predictions(target, score / 6.0, weight if weighted else None)
    assert FORM.influence is not None
    found, evaluate, n = FORM.influence(given_rows), FORM.prepare(given_rows), len(rows)
    steps = STEP * np.eye(n)
    assert found == pytest.approx((evaluate(1.0 + steps) - evaluate(1.0 - steps)) / (2.0 * STEP), abs=1e-6)
    assert found.sum() == pytest.approx(0.0, abs=1e-12)


def test_scores_that_are_no_numbers_have_no_slopes() -> None:
    assert FORM.influence is not None
    broken = predictions(np.array([1, 0, 1]), np.array([0.2, np.nan, 0.4]))
    assert np.isnan(FORM.influence(broken)).all()


def test_bounds_are_near_those_of_leaving_out_each_group() -> None:
    random, n = np.random.default_rng(2), 2000
    target, group = random.random(n) < 0.3, np.arange(n) // 5
    score = np.round(1.0 / (1.0 + np.exp(-random.normal(np.where(target, 1.0, -1.0), 1.5))), 2)
    rows = predictions(target, score, random.lognormal(0.0, 0.5, n))
    assert FORM.influence is not None
    evaluate = FORM.prepare(rows)
    fast = jackknife_bounds(by_influence(evaluate, FORM.influence(rows), group), 0.95, groups=True)
    slow = jackknife_bounds(by_weights(evaluate, group), 0.95, groups=True)
    assert fast.value == slow.value
    assert fast.standard_error == pytest.approx(slow.standard_error, rel=0.05)
    assert (fast.lower, fast.upper) == pytest.approx((slow.lower, slow.upper), abs=0.15 * slow.standard_error)


def test_of_a_mean_the_slopes_say_what_leaving_out_says() -> None:
    values = np.random.default_rng(1).normal(0.0, 1.0, 50)
    slow = by_means(values[:, np.newaxis], lambda means: means[..., 0])
    fast = by_influence(
        lambda weights: weights @ values / weights.sum(axis=1), (values - values.mean()) / 50, np.arange(50)
    )
    assert fast.without == pytest.approx(slow.without)
