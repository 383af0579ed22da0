import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from mlops_ci.statistics import bernstein_bounds, betting_bounds, exact_paired, quantile_bounds


@given(st.integers(0, 10**6), st.integers(5, 60), st.floats(0.05, 0.95))
def test_betting_and_bernstein_enclose_the_value_and_turn_round(seed: int, n: int, mean: float) -> None:
    values = np.random.default_rng(seed).beta(2 * mean, 2 * (1 - mean), size=n)
    for bounds, more in ((bernstein_bounds, {}), (betting_bounds, {"seed": 1})):
        estimate = bounds(values, 0.0, 1.0, 0.95, **more)
        turned = bounds(-values, -1.0, 0.0, 0.95, **more)
        assert 0.0 <= estimate.lower <= estimate.value <= estimate.upper <= 1.0
        assert (-turned.upper, -turned.lower) == pytest.approx((estimate.lower, estimate.upper), abs=1e-9)


def test_they_hold_where_the_mean_hangs_on_rare_rows() -> None:
    random = np.random.default_rng(2)
    missed = np.zeros(4)
    for _ in range(400):
        values = (random.random(60) < 0.02).astype(float)
        for at, estimate in enumerate(
            (bernstein_bounds(values, 0, 1, 0.95), betting_bounds(values, 0, 1, 0.95, seed=1))
        ):
            missed[2 * at : 2 * at + 2] += [estimate.lower > 0.02, estimate.upper < 0.02]
    assert (missed / 400 <= 0.05).all()


def test_a_value_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="between"):
        bernstein_bounds(np.array([0.5, 1.5]), 0.0, 1.0, 0.95)


@pytest.mark.parametrize(("win", "lose"), [(0.1, 0.1), (0.02, 0.08), (0.05, 0.0), (0.3, 0.1)])
def test_exact_paired_bounds_miss_no_more_often_than_asked(win: float, lose: float) -> None:
    n, missed = 25, np.zeros(2)
    for wins in range(n + 1):
        for losses in range(n + 1 - wins):
            chance = binom.pmf(wins, n, win) * binom.pmf(losses, n - wins, lose / (1 - win))
            if chance > 1e-9:
                estimate = exact_paired(wins, losses, n, 0.95)
                missed += chance * np.array([estimate.lower > win - lose, estimate.upper < win - lose])
    assert (missed <= 0.05).all()


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_order_statistics_are_the_tightest_that_hold(quantile: float) -> None:
    n, rising = 40, np.arange(40.0)
    estimate = quantile_bounds(rising, quantile, float(np.quantile(rising, quantile)), 0.95)
    if not math.isnan(estimate.lower):
        assert binom.cdf(estimate.lower, n, quantile) <= 0.05 < binom.cdf(estimate.lower + 1, n, quantile)
    if not math.isnan(estimate.upper):
        assert binom.sf(estimate.upper, n, quantile) <= 0.05 < binom.sf(estimate.upper - 1, n, quantile)


def test_a_far_quantile_of_few_rows_is_not_known() -> None:
    assert math.isnan(quantile_bounds(np.arange(50.0), 0.99, 49.0, 0.95).upper)
