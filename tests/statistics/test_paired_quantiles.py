import math

import numpy as np
import numpy.typing as npt
import pytest

from mlops_ci.statistics import NO_ROW_DIFFERS, paired_quantiles, quantile_bounds

FloatArray = npt.NDArray[np.float64]
RANDOM = np.random.default_rng(8)
COMMON = RANDOM.normal(0.0, 1.0, 400)
OURS, THEIRS = (np.exp(0.8 * COMMON + 0.6 * RANDOM.normal(0.0, 1.0, 400)) for _ in range(2))


def values(first: FloatArray, second: FloatArray, quantile: float) -> tuple[float, float]:
    found = np.quantile(np.stack([first, second]), quantile, axis=1, method="averaged_inverted_cdf")
    return float(found[0]), float(found[1])


def test_rows_that_hang_together_tell_more_than_rows_that_do_not() -> None:
    medians = values(OURS, THEIRS, 0.5)
    paired = paired_quantiles(OURS, THEIRS, 0.5, medians, 1.0, 0.95)
    shuffled = paired_quantiles(OURS, np.random.default_rng(9).permutation(THEIRS), 0.5, medians, 1.0, 0.95)
    assert paired.value == shuffled.value == medians[0] - medians[1]
    assert shuffled.lower < paired.lower < paired.value < paired.upper < shuffled.upper
    assert paired.method == "order statistics, paired"


def test_rows_of_which_one_is_constant_have_the_bounds_of_the_other() -> None:
    fixed = np.linspace(0.0, 4e-7, 400)
    alone = quantile_bounds(OURS, 0.9, values(OURS, fixed, 0.9)[0], 0.95)
    found = paired_quantiles(OURS, fixed, 0.9, values(OURS, fixed, 0.9), 1.0, 0.95)
    assert (found.lower, found.upper) == pytest.approx((alone.lower, alone.upper), rel=1e-6)


def test_turning_the_two_round_turns_the_bounds_round() -> None:
    there = paired_quantiles(OURS, THEIRS, 0.9, values(OURS, THEIRS, 0.9), 1.0, 0.95)
    back = paired_quantiles(THEIRS, OURS, 0.9, values(THEIRS, OURS, 0.9), 1.0, 0.95)
    assert (there.lower, there.upper) == pytest.approx((-back.upper, -back.lower))


@pytest.mark.parametrize("factor", [1.05, 0.5, -1.0])
def test_a_factor_is_the_same_as_values_that_are_so_many_times_as_large(factor: float) -> None:
    quantile = 0.3
    ours, theirs = values(OURS, THEIRS, quantile)
    found = paired_quantiles(OURS, THEIRS, quantile, (ours, theirs), factor, 0.95)
    assert found.value == pytest.approx(ours - factor * theirs)
    assert found.lower < found.value < found.upper
    if factor > 0:
        same = paired_quantiles(OURS, factor * THEIRS, quantile, (ours, factor * theirs), 1.0, 0.95)
        assert (found.lower, found.upper) == pytest.approx((same.lower, same.upper))


def test_values_that_are_tied_are_bounded_each_alone() -> None:
    ours, theirs = np.minimum(np.round(OURS), 5.0), np.minimum(np.round(THEIRS), 5.0)
    found = paired_quantiles(ours, theirs, 0.9, values(ours, theirs, 0.9), 1.0, 0.95)
    one, other = (
        quantile_bounds(side, 0.9, own, 0.975)
        for side, own in zip((ours, theirs), values(ours, theirs, 0.9), strict=True)
    )
    assert found.method == "order statistics, each quantile alone, Bonferroni"
    assert (found.lower, found.upper) == (one.lower - other.upper, one.upper - other.lower)


def test_the_same_values_differ_by_nothing() -> None:
    found = paired_quantiles(OURS, OURS.copy(), 0.5, values(OURS, OURS, 0.5), 1.0, 0.95)
    assert (found.lower, found.upper, found.method) == (0.0, 0.0, NO_ROW_DIFFERS)


def test_too_few_rows_beyond_a_quantile_give_no_bound() -> None:
    found = paired_quantiles(OURS[:20], THEIRS[:20], 0.99, values(OURS[:20], THEIRS[:20], 0.99), 1.0, 0.95)
    assert math.isnan(found.upper)


def test_a_quantile_that_is_not_known_is_not_bounded() -> None:
    broken = OURS.copy()
    broken[3] = math.nan
    found = paired_quantiles(broken, THEIRS, 0.5, (math.nan, 1.0), 1.0, 0.95)
    assert math.isnan(found.value) and math.isnan(found.lower) and math.isnan(found.upper)


def test_bounds_of_samples_of_one_population_rarely_miss_zero() -> None:
    random, missed = np.random.default_rng(4), 0
    for _ in range(300):
        common = random.normal(0.0, 1.0, 100)
        ours, theirs = (np.exp(common + 0.8 * random.normal(0.0, 1.0, 100)) for _ in range(2))
        missed += paired_quantiles(ours, theirs, 0.5, values(ours, theirs, 0.5), 1.0, 0.95).lower > 0.0
    assert 2 <= missed <= 24
