import math
from random import Random

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import ndtr

from mlops_ci.statistics import delong, delong_paired, delong_single

FloatArray = npt.NDArray[np.float64]
Scored = tuple[npt.NDArray[np.bool_], FloatArray, FloatArray]


@st.composite
def scored(draw: st.DrawFn) -> Scored:
    m, n = draw(st.integers(2, 20)), draw(st.integers(2, 20))
    grid = st.integers(0, 6).map(float)
    target = np.array(draw(st.permutations([True] * m + [False] * n)))
    candidate, baseline = (draw(arrays.arrays(float, m + n, elements=grid)) for _ in range(2))
    return target, candidate, baseline


def kernel(target: npt.NDArray[np.bool_], score: FloatArray) -> FloatArray:
    """The (m, n) comparisons DeLong starts from."""
    difference = score[target][:, None] - score[~target][None, :]
    comparisons: FloatArray = (difference > 0) + 0.5 * (difference == 0)
    return comparisons


def reference(
    target: npt.NDArray[np.bool_], candidate: FloatArray, baseline: FloatArray, factor: float
) -> tuple[float, float]:
    """Estimate and variance by the quadratic definition, through the 2 x 2 covariance of the two areas."""
    pair = [kernel(target, candidate), kernel(target, baseline)]
    m, n = pair[0].shape
    covariance = np.cov([k.mean(axis=1) for k in pair]) / m + np.cov([k.mean(axis=0) for k in pair]) / n
    contrast = np.array([1.0, -factor])
    return pair[0].mean() - factor * pair[1].mean(), contrast @ covariance @ contrast


@given(scored())
def test_the_components_are_the_row_and_column_means_of_all_comparisons(rows: Scored) -> None:
    target, score, _ = rows
    placements = delong(score[target], score[~target])
    assert placements.positives == pytest.approx(kernel(target, score).mean(axis=1))
    assert placements.negatives == pytest.approx(kernel(target, score).mean(axis=0))
    assert placements.area == pytest.approx(kernel(target, score).mean())


@given(scored(), st.sampled_from([1.0, 0.95, 1.1, 0.0]))
def test_the_paired_estimate_agrees_with_the_quadratic_definition(rows: Scored, factor: float) -> None:
    target, candidate, baseline = rows
    estimate = delong_paired(target, candidate, baseline, factor, 0.95)
    value, variance = reference(target, candidate, baseline, factor)
    assert estimate.value == pytest.approx(value, abs=1e-12)
    if estimate.method == "DeLong, paired":
        assert estimate.standard_error == pytest.approx(math.sqrt(variance), rel=1e-6, abs=1e-12)
    else:
        assert variance == pytest.approx(0.0, abs=1e-12)


def test_a_large_sample_has_the_normal_bounds() -> None:
    random = np.random.default_rng(5)
    target = random.random(4000) < 0.4
    candidate, baseline = (target + random.normal(size=4000) for _ in range(2))
    estimate = delong_paired(target, candidate, baseline, 0.98, 0.95)
    _, variance = reference(target, candidate, baseline, 0.98)
    assert estimate.value - estimate.lower == pytest.approx(1.6449 * math.sqrt(variance), rel=2e-3)
    single = delong_single(target, candidate, 0.95)
    odds = math.log(single.value / (1 - single.value))
    error = single.standard_error / (single.value * (1 - single.value))
    assert math.log(single.upper / (1 - single.upper)) == pytest.approx(odds + 1.6449 * error, rel=2e-3)


@given(scored(), st.sampled_from([1.0, 0.9]), st.sampled_from([0.8, 0.95]))
def test_the_bounds_enclose_the_value(rows: Scored, factor: float, confidence: float) -> None:
    target, candidate, baseline = rows
    paired = delong_paired(target, candidate, baseline, factor, confidence)
    assert not paired.lower > paired.value
    assert not paired.upper < paired.value
    single = delong_single(target, candidate, confidence)
    if not math.isnan(single.lower):
        assert 0.0 <= single.lower <= single.value <= single.upper <= 1.0
        assert single.lower < single.upper


@given(scored())
def test_swapping_the_two_turns_the_interval_round(rows: Scored) -> None:
    target, candidate, baseline = rows
    estimate = delong_paired(target, candidate, baseline, 1.0, 0.95)
    swapped = delong_paired(target, baseline, candidate, 1.0, 0.95)
    assert (estimate.value, estimate.lower, estimate.upper) == pytest.approx(
        (-swapped.value, -swapped.upper, -swapped.lower), nan_ok=True
    )


@given(scored(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: Scored, random: Random) -> None:
    order = list(range(len(rows[0])))
    random.shuffle(order)
    estimate = delong_paired(*rows, 0.97, 0.95)
    target, candidate, baseline = rows
    shuffled = delong_paired(target[order], candidate[order], baseline[order], 0.97, 0.95)
    assert (shuffled.lower, shuffled.upper) == pytest.approx((estimate.lower, estimate.upper), nan_ok=True)


@given(scored())
def test_a_zero_width_is_claimed_only_for_scores_in_the_same_order(rows: Scored) -> None:
    target, candidate, baseline = rows
    estimate = delong_paired(target, candidate, baseline, 1.0, 0.95)
    if estimate.lower == estimate.upper:
        assert np.array_equal(np.sign(candidate[:, None] - candidate), np.sign(baseline[:, None] - baseline))
    same = delong_paired(target, candidate, np.exp(candidate), 1.0, 0.95)
    assert (same.value, same.lower, same.upper) == (0.0, 0.0, 0.0)


def perfect(m: int, n: int) -> tuple[npt.NDArray[np.bool_], FloatArray]:
    return np.array([True] * m + [False] * n), np.concatenate([np.arange(m) + 100.0, np.arange(n)])


def test_two_different_perfect_scores_are_not_known_to_be_equal() -> None:
    target, score = perfect(30, 50)
    other = np.concatenate([score[:30][::-1], score[30:]])
    estimate = delong_paired(target, score, other, 1.0, 0.95)
    assert estimate.value == 0.0
    assert estimate.lower == pytest.approx(0.025 ** (1 / 30) - 1.0)
    assert estimate.upper == -estimate.lower
    assert estimate.standard_error > 0.0


def test_the_same_perfect_score_is_uncertain_against_a_factor() -> None:
    target, score = perfect(30, 50)
    estimate = delong_paired(target, score, score, 0.9, 0.95)
    assert estimate.value == pytest.approx(0.1)
    assert estimate.lower == pytest.approx(0.025 ** (1 / 30) - 0.9)
    assert estimate.upper == pytest.approx(1.0 - 0.9 * 0.025 ** (1 / 30))


def test_a_perfect_area_is_bounded_as_that_many_pairs_without_a_failure() -> None:
    target, score = perfect(20, 80)
    best, worst = delong_single(target, score, 0.95), delong_single(target, -score, 0.95)
    assert (best.value, best.upper) == (1.0, 1.0)
    assert best.lower == pytest.approx(0.05 ** (1 / 20))
    assert (worst.value, worst.lower) == (0.0, 0.0)
    assert worst.upper == pytest.approx(1.0 - 0.05 ** (1 / 20))
    assert best.standard_error > 0.0


def test_constant_scores_are_not_certain() -> None:
    target, _ = perfect(10, 10)
    estimate = delong_single(target, np.full(20, 0.1), 0.95)
    assert estimate.lower < 0.5 < estimate.upper


@pytest.mark.parametrize("target", [[True, False, False], [False, False, True], [True, True, False]])
def test_fewer_than_two_rows_of_a_class_leave_the_bounds_unknown(target: list[bool]) -> None:
    score = np.array([0.1, 0.2, 0.3])
    single = delong_single(np.array(target), score, 0.95)
    paired = delong_paired(np.array(target), score, -score, 1.0, 0.95)
    for estimate in (single, paired):
        assert not math.isnan(estimate.value)
        assert math.isnan(estimate.lower)
        assert math.isnan(estimate.upper)


@pytest.mark.parametrize("target", [[], [True, True], [False, False]])
def test_an_absent_class_gives_nan(target: list[bool]) -> None:
    rows = np.array(target, dtype=bool)
    assert math.isnan(delong_single(rows, np.arange(len(rows)) * 1.0, 0.95).value)


def test_a_nan_score_gives_nan() -> None:
    target = np.array([True, True, False, False])
    good, bad = np.array([4.0, 2.0, 3.0, 1.0]), np.array([4.0, np.nan, 3.0, 1.0])
    assert math.isnan(delong_single(target, bad, 0.95).value)
    for pair in ((good, bad), (bad, good)):
        estimate = delong_paired(target, *pair, 1.0, 0.95)
        assert all(math.isnan(x) for x in (estimate.value, estimate.lower, estimate.upper))


def test_impossible_arguments_are_refused() -> None:
    target = np.array([True, True, False, False])
    with pytest.raises(ValueError, match="factor"):
        delong_paired(target, np.zeros(4), np.zeros(4), -1.0, 0.95)
    with pytest.raises(ValueError, match="target and score"):
        delong_single(target, np.zeros(3), 0.95)


def test_coverage_in_a_seeded_simulation() -> None:
    random = np.random.default_rng(11)
    target = np.array([True] * 60 + [False] * 100)
    shift_c, shift_b = 1.6, 1.4
    area_c, area_b = ndtr(shift_c / math.sqrt(2)), ndtr(shift_b / math.sqrt(2))
    missed = np.zeros(4)
    repeats = 2000
    for _ in range(repeats):
        shared = random.normal(size=160)
        candidate = shift_c * target + 0.8 * shared + 0.6 * random.normal(size=160)
        baseline = shift_b * target + 0.8 * shared + 0.6 * random.normal(size=160)
        paired = delong_paired(target, candidate, baseline, 1.0, 0.95)
        single = delong_single(target, candidate, 0.95)
        missed += [
            area_c - area_b < paired.lower,
            area_c - area_b > paired.upper,
            area_c < single.lower,
            area_c > single.upper,
        ]
    assert (missed / repeats < 0.075).all()
    assert (missed / repeats > 0.015).all()


def test_weights_count_as_copies_and_groups_of_one_as_rows() -> None:
    random = np.random.default_rng(3)
    target = random.random(60) < 0.5
    candidate, baseline = (target + random.normal(size=60) for _ in range(2))
    copies = random.integers(1, 4, size=60)
    rows = np.repeat(np.arange(60), copies)
    twice = delong_paired(target[rows], candidate[rows], baseline[rows], 1.0, 0.95)
    by_group = delong_paired(target[rows], candidate[rows], baseline[rows], 1.0, 0.95, group=rows)
    weighted = delong_paired(target, candidate, baseline, 1.0, 0.95, weight=copies.astype(float))
    plain = delong_paired(target, candidate, baseline, 1.0, 0.95)
    singles = delong_paired(target, candidate, baseline, 1.0, 0.95, group=np.arange(60))
    assert weighted.value == pytest.approx(twice.value)
    # Copies are no new rows: their groups say so, as the weights do.
    assert by_group.standard_error == pytest.approx(weighted.standard_error, rel=0.02)
    assert twice.standard_error < 0.85 * weighted.standard_error
    assert singles.standard_error == pytest.approx(plain.standard_error, rel=0.02)
    assert singles.method == "DeLong, paired, by group, 60 groups"


def test_nineteen_groups_or_nine_rows_of_a_class_are_too_few() -> None:
    random = np.random.default_rng(3)
    target = np.arange(60) % 2 == 0
    score = target + random.normal(size=60)
    assert math.isnan(delong_single(target, score, 0.95, group=np.arange(60) % 19).lower)
    assert math.isnan(delong_single(np.arange(60) < 9, score, 0.95).lower)
