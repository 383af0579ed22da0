import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_ci.statistics import bootstrap_moments

FloatArray = npt.NDArray[np.float64]


def mean(means: FloatArray) -> FloatArray:
    return means[..., 0]


def difference(means: FloatArray) -> FloatArray:
    return means[..., 0] - means[..., 1]


def root_difference(means: FloatArray) -> FloatArray:
    return np.sqrt(means[..., 0]) - np.sqrt(means[..., 1])


def errors(seed: int, n: int, candidate: float = 1.0, baseline: float = 1.1) -> FloatArray:
    shared, own_c, own_b = np.random.default_rng(seed).normal(size=(3, n))
    return np.stack([candidate * (shared + 0.3 * own_c), baseline * (shared + 0.3 * own_b)], axis=1) ** 2


def test_the_same_seed_gives_the_same_bounds_and_another_seed_others() -> None:
    rows = errors(1, 200)
    first, again, other = (bootstrap_moments(rows, root_difference, 0.95, seed=s) for s in (7, 7, 8))
    assert first == again
    assert first.lower != other.lower
    assert first.method == "studentised bootstrap, 2,000 resamples"


def test_the_standard_error_is_the_delta_methods() -> None:
    rows = errors(2, 500)
    roots = np.sqrt(rows.mean(axis=0))
    influence = rows[:, 0] / (2 * roots[0]) - rows[:, 1] / (2 * roots[1])
    estimate = bootstrap_moments(rows, root_difference, 0.95, seed=1)
    assert estimate.value == pytest.approx(roots[0] - roots[1])
    assert estimate.standard_error == pytest.approx(influence.std(ddof=1) / math.sqrt(500), rel=1e-6)


def test_the_bounds_of_a_mean_are_those_of_a_plain_studentised_bootstrap() -> None:
    rows = np.random.default_rng(3).exponential(size=60)
    random = np.random.default_rng(99)
    drawn = rows[random.integers(0, 60, size=(40_000, 60))]
    pivots = (drawn.mean(axis=1) - rows.mean()) / (drawn.std(axis=1, ddof=1) / math.sqrt(60))
    error = rows.std(ddof=1) / math.sqrt(60)
    estimate = bootstrap_moments(rows[:, None], mean, 0.95, 20_000, seed=1)
    assert estimate.lower == pytest.approx(rows.mean() - np.quantile(pivots, 0.95) * error, abs=0.1 * error)
    assert estimate.upper == pytest.approx(rows.mean() - np.quantile(pivots, 0.05) * error, abs=0.1 * error)


def test_many_rows_take_the_normal_bound_and_agree_with_the_bootstrap() -> None:
    rows = errors(4, 50_001)
    normal = bootstrap_moments(rows, root_difference, 0.95, seed=1)
    resampled = bootstrap_moments(rows[:-1], root_difference, 0.95, 500, seed=1)
    assert normal.method == "delta method, normal"
    assert normal.upper - normal.value == pytest.approx(1.6448536 * normal.standard_error)
    assert normal.value - normal.lower == pytest.approx(1.6448536 * normal.standard_error)
    assert resampled.method == "studentised bootstrap, 500 resamples"
    assert normal.lower == pytest.approx(resampled.lower, abs=0.3 * normal.standard_error)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(2, 60), st.sampled_from([0.8, 0.95]))
def test_the_bounds_enclose_the_value_and_turn_round_when_the_two_are_swapped(
    seed: int, n: int, confidence: float
) -> None:
    rows = errors(seed, n)
    estimate = bootstrap_moments(rows, root_difference, confidence, 300, seed=5)
    swapped = bootstrap_moments(rows[:, ::-1], root_difference, confidence, 300, seed=5)
    assert not estimate.lower > estimate.value
    assert not estimate.upper < estimate.value
    assert swapped.value == -estimate.value
    assert (-swapped.upper, -swapped.lower) == pytest.approx(
        (estimate.lower, estimate.upper), rel=1e-4, abs=1e-6, nan_ok=True
    )


def test_scaling_the_rows_scales_the_bounds() -> None:
    rows = errors(6, 100)
    plain = bootstrap_moments(rows, difference, 0.95, seed=1)
    scaled = bootstrap_moments(rows * 1e9, difference, 0.95, seed=1)
    assert (scaled.lower, scaled.upper) == pytest.approx((plain.lower * 1e9, plain.upper * 1e9), rel=1e-6)


def test_a_constant_column_changes_nothing() -> None:
    rows = errors(6, 100)
    padded = np.column_stack([rows, np.full(100, 0.1)])
    plain, wider = (bootstrap_moments(r, root_difference, 0.95, seed=1) for r in (rows, padded))
    assert (wider.lower, wider.upper) == pytest.approx((plain.lower, plain.upper), rel=1e-6)


def test_two_nearly_equal_models_are_told_apart_to_full_precision() -> None:
    random = np.random.default_rng(9)
    loss, nudge = random.exponential(size=200), random.normal(size=200)
    estimate = bootstrap_moments(np.stack([loss + 1e-6 * nudge, loss], axis=1), difference, 0.95, seed=1)
    direct = bootstrap_moments(1e-6 * nudge[:, None], mean, 0.95, seed=1)
    assert estimate.lower == pytest.approx(direct.lower, rel=1e-2)
    assert estimate.upper == pytest.approx(direct.upper, rel=1e-2)


def test_identical_rows_leave_no_uncertainty() -> None:
    estimate = bootstrap_moments(np.full((10, 2), [4.0, 9.0]), root_difference, 0.95, seed=1)
    assert (estimate.value, estimate.lower, estimate.upper) == (-1.0, -1.0, -1.0)


@pytest.mark.parametrize("n", [20, 60_000])
def test_a_model_compared_with_itself_differs_by_exactly_nothing(n: int) -> None:
    rows = errors(1, n)[:, [0, 0]]
    estimate = bootstrap_moments(rows, root_difference, 0.95, 50, seed=1)
    assert (estimate.value, estimate.lower, estimate.upper) == (0.0, 0.0, 0.0)


def test_a_difference_that_is_the_same_in_every_row_has_an_unknown_spread() -> None:
    rows = errors(1, 20)[:, [0, 0]] + np.array([0.5, 0.0])
    estimate = bootstrap_moments(rows, difference, 0.95, seed=1)
    assert estimate.value == pytest.approx(0.5)
    assert math.isnan(estimate.lower)
    assert math.isnan(estimate.upper)


def test_a_flat_spot_of_the_function_is_no_certainty() -> None:
    rows = np.tile([[1.0], [-1.0]], (20, 1))
    estimate = bootstrap_moments(rows, lambda means: means[..., 0] ** 2, 0.95, seed=1)
    assert estimate.value == 0.0
    assert math.isnan(estimate.lower)


def test_one_different_row_is_too_little_to_know() -> None:
    rows = np.zeros((100, 1))
    rows[3] = 1.0
    estimate = bootstrap_moments(rows, mean, 0.95, seed=1)
    assert estimate.value == 0.01
    assert math.isnan(estimate.upper)


def test_too_few_resamples_for_the_confidence_leave_the_bounds_unknown() -> None:
    assert math.isnan(bootstrap_moments(errors(1, 50), difference, 0.99, 98, seed=1).lower)
    assert not math.isnan(bootstrap_moments(errors(1, 50), difference, 0.99, 99, seed=1).lower)


def test_a_single_row_has_a_value_and_no_bounds() -> None:
    estimate = bootstrap_moments(np.array([[4.0, 1.0]]), root_difference, 0.95, seed=1)
    assert estimate.value == 1.0
    assert math.isnan(estimate.lower)
    assert math.isnan(estimate.upper)


@pytest.mark.parametrize("rows", [np.zeros((0, 1)), np.array([[1.0], [np.nan], [2.0]]), np.array([[1.0], [np.inf]])])
def test_nothing_to_go_by_gives_nan_everywhere(rows: FloatArray) -> None:
    estimate = bootstrap_moments(rows, mean, 0.95, seed=1)
    numbers = (estimate.value, estimate.lower, estimate.upper, estimate.standard_error)
    assert all(math.isnan(number) for number in numbers)


def test_an_undefined_value_gives_nan() -> None:
    estimate = bootstrap_moments(-np.ones((5, 1)), lambda means: np.sqrt(means[..., 0]), 0.95, seed=1)
    assert math.isnan(estimate.value)
    assert math.isnan(estimate.lower)


def test_impossible_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="features"):
        bootstrap_moments(np.zeros(3), mean, 0.95, seed=1)
    with pytest.raises(ValueError, match="resamples"):
        bootstrap_moments(np.zeros((3, 1)), mean, 0.95, 0, seed=1)
    with pytest.raises(ValueError, match="confidence"):
        bootstrap_moments(np.zeros((3, 1)), mean, 1.0, seed=1)


def test_coverage_of_a_skewed_mean_beats_the_normal_bound() -> None:
    random = np.random.default_rng(21)
    repeats, n = 1000, 40
    missed_low = missed_high = normal_high = 0
    for repeat in range(repeats):
        rows = random.exponential(size=(n, 1))
        estimate = bootstrap_moments(rows, mean, 0.95, 599, seed=repeat)
        missed_low += estimate.lower > 1.0
        missed_high += estimate.upper < 1.0
        normal_high += estimate.value + 1.6449 * estimate.standard_error < 1.0
    assert 0.03 < missed_low / repeats < 0.07
    assert 0.03 < missed_high / repeats < 0.075
    assert normal_high / repeats > 0.08


def test_coverage_of_a_difference_of_root_mean_squares() -> None:
    repeats, missed_low, missed_high = 600, 0, 0
    truth = math.sqrt(1.09) * (1.0 - 1.1)
    for repeat in range(repeats):
        estimate = bootstrap_moments(errors(repeat, 60), root_difference, 0.95, 599, seed=repeat)
        missed_low += truth < estimate.lower
        missed_high += truth > estimate.upper
    assert 0.02 < missed_low / repeats < 0.08
    assert 0.02 < missed_high / repeats < 0.08
