import math

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_ci.statistics import (
    Estimate,
    Jackknifed,
    by_cells,
    by_means,
    by_ratios,
    by_weighted_cells,
    by_weights,
    jackknife_bounds,
)

FloatArray = npt.NDArray[np.float64]


def mean(means: FloatArray) -> FloatArray:
    return means[..., 0]


def root(means: FloatArray) -> FloatArray:
    return np.sqrt(means[..., 0])


def ratio(means: FloatArray) -> FloatArray:
    return means[..., 0] / means[..., 1]


def squares(seed: int, n: int) -> tuple[FloatArray, FloatArray]:
    shared, own, other = np.random.default_rng(seed).normal(size=(3, n))
    return ((shared + 0.3 * own) ** 2)[:, None], (1.1 * (shared + 0.3 * other) ** 2)[:, None]


def change(seed: int, n: int) -> Jackknifed:
    ours, theirs = squares(seed, n)
    return by_means(ours, root).minus(1.0, by_means(theirs, root))


def missed(truth: float, estimates: list[Estimate]) -> tuple[float, float]:
    low = sum(estimate.lower > truth for estimate in estimates) / len(estimates)
    return low, sum(estimate.upper < truth for estimate in estimates) / len(estimates)


def test_a_mean_has_students_bounds_where_its_values_are_normal() -> None:
    rows = np.random.default_rng(1).normal(size=(2000, 1))
    estimate = jackknife_bounds(by_means(rows, mean), 0.95)
    error = rows.std(ddof=1) / math.sqrt(2000)
    assert estimate.standard_error == pytest.approx(error)
    assert estimate.value - estimate.lower == pytest.approx(1.646 * error, rel=0.03)
    assert estimate.upper - estimate.value == pytest.approx(1.646 * error, rel=0.03)


def test_the_standard_error_is_the_delta_methods() -> None:
    ours, theirs = squares(2, 3000)
    influence = ours[:, 0] / (2 * root(ours.mean(axis=0))) - theirs[:, 0] / (2 * root(theirs.mean(axis=0)))
    estimate = jackknife_bounds(change(2, 3000), 0.95)
    assert estimate.standard_error == pytest.approx(influence.std(ddof=1) / math.sqrt(3000), rel=1e-2)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(12, 80), st.sampled_from([0.8, 0.95]))
def test_the_bounds_enclose_the_value_grow_with_confidence_and_turn_round(seed: int, n: int, level: float) -> None:
    ours, theirs = squares(seed, n)
    one, two = by_means(ours, root), by_means(theirs, root)
    estimate = jackknife_bounds(one.minus(1.0, two), level)
    wider = jackknife_bounds(one.minus(1.0, two), 0.99)
    swapped = jackknife_bounds(two.minus(1.0, one), level)
    assert not estimate.lower > estimate.value
    assert not estimate.upper < estimate.value
    assert not wider.lower > estimate.lower
    assert not wider.upper < estimate.upper
    turned = (-swapped.upper, -swapped.lower)
    assert turned == pytest.approx((estimate.lower, estimate.upper), rel=1e-9, abs=1e-12, nan_ok=True)


@given(st.integers(0, 10**6), st.floats(1e-6, 1e6), st.floats(-100, 100))
def test_scaling_and_moving_the_rows_scales_and_moves_the_bounds(seed: int, scale: float, shift: float) -> None:
    rows = np.random.default_rng(seed).exponential(size=(40, 1))
    plain = jackknife_bounds(by_means(rows, mean), 0.95)
    moved = jackknife_bounds(by_means(scale * (rows + shift), mean), 0.95)
    wanted = (scale * (plain.lower + shift), scale * (plain.upper + shift))
    assert (moved.lower, moved.upper) == pytest.approx(wanted, rel=1e-6, abs=1e-6 * scale, nan_ok=True)


@given(st.integers(0, 10**6))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    rows = np.random.default_rng(seed).exponential(size=(40, 1))
    one, two = (jackknife_bounds(by_means(r, root), 0.95) for r in (rows, rows[::-1].copy()))
    assert (one.lower, one.upper) == pytest.approx((two.lower, two.upper), nan_ok=True)


def test_cells_weights_and_plain_rows_give_the_same() -> None:
    random = np.random.default_rng(4)
    table = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    codes = random.integers(0, 3, size=90)
    plain = jackknife_bounds(by_means(table[codes], ratio), 0.95)
    sparse = scipy.sparse.csr_array(table)
    rows = np.arange(90)

    def evaluate(weights: FloatArray) -> FloatArray:
        return ratio(weights @ table[codes] / weights.sum(axis=1, keepdims=True))

    others = [
        by_cells(codes, sparse, ratio),
        by_weights(evaluate, rows),
        by_ratios(table[codes] * 2.0, np.full(90, 2.0), ratio),
    ]
    for sample in others:
        other = jackknife_bounds(sample, 0.95)
        assert (other.value, other.lower, other.upper) == pytest.approx((plain.value, plain.lower, plain.upper))
    linear = jackknife_bounds(by_weighted_cells(codes, sparse, ratio, np.ones(90), rows), 0.95)
    assert (linear.lower, linear.upper) == pytest.approx((plain.lower, plain.upper), abs=0.01)


def test_rows_that_belong_together_are_left_out_together() -> None:
    random = np.random.default_rng(5)
    of_group = random.normal(size=30)
    group = np.repeat(np.arange(30), 10)
    rows = of_group[group]
    sums = np.bincount(group, rows)[:, None].astype(np.float64)
    estimate = jackknife_bounds(by_ratios(sums, np.bincount(group).astype(float), mean), 0.95, groups=True)
    alone = jackknife_bounds(by_means(of_group[:, None], mean), 0.95)
    assert (estimate.lower, estimate.upper) == pytest.approx((alone.lower, alone.upper))
    assert estimate.method.endswith("by group, 30 groups")
    few = jackknife_bounds(by_means(of_group[:19, None], mean), 0.95, groups=True)
    assert math.isnan(few.lower)


@pytest.mark.parametrize("n", [20, 60_000])
def test_a_model_compared_with_itself_differs_by_exactly_nothing(n: int) -> None:
    sample = by_means(squares(1, n)[0], root)
    estimate = jackknife_bounds(sample.minus(1.0, sample), 0.95)
    assert (estimate.value, estimate.lower, estimate.upper) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("n", [20, 60_000])
def test_a_difference_that_is_the_same_in_every_row_has_an_unknown_spread(n: int) -> None:
    rows = squares(1, n)[0]
    estimate = jackknife_bounds(by_means(rows + 0.5, mean).minus(1.0, by_means(rows, mean)), 0.95)
    assert estimate.value == pytest.approx(0.5)
    assert math.isnan(estimate.lower)


def test_one_different_row_is_too_little_to_know() -> None:
    rows = np.zeros((100, 1))
    rows[3] = 1.0
    estimate = jackknife_bounds(by_means(rows, mean), 0.95)
    assert estimate.value == 0.01
    assert math.isnan(estimate.upper)


def test_nothing_to_go_by_leaves_the_bounds_unknown() -> None:
    for rows in (np.zeros((0, 1)), np.array([[1.0], [np.nan], [2.0]]), np.array([[1.0]]), -np.ones((5, 1))):
        assert math.isnan(jackknife_bounds(by_means(rows, root), 0.95).lower)


def test_an_impossible_confidence_is_refused() -> None:
    with pytest.raises(ValueError, match="confidence"):
        jackknife_bounds(change(1, 20), 1.0)


def test_the_mean_of_skewed_rows_is_covered_where_the_normal_bound_is_not() -> None:
    random = np.random.default_rng(21)
    rows = [random.exponential(size=(40, 1)) for _ in range(1000)]
    low, high = missed(1.0, [jackknife_bounds(by_means(r, mean), 0.95, alone=True) for r in rows])
    normal = np.mean([r.mean() + 1.645 * r.std(ddof=1) / math.sqrt(40) < 1.0 for r in rows])
    assert low < 0.06
    assert high < 0.06
    assert normal > 0.08


@pytest.mark.parametrize("heavy", [False, True])
def test_differences_in_few_rows_or_with_heavy_tails_are_covered(heavy: bool) -> None:
    random = np.random.default_rng(22)
    low = high = known = 0
    for _ in range(1500):
        few = random.random(100) < 0.1
        rows = random.standard_t(3, size=100) if heavy else np.where(few, random.normal(size=100), 0.0)
        estimate = jackknife_bounds(by_means(rows[:, None], mean), 0.95)
        known += not math.isnan(estimate.lower)
        low += estimate.lower > 0.0
        high += estimate.upper < 0.0
    assert known > 1200
    assert low / 1500 < 0.067
    assert high / 1500 < 0.067
