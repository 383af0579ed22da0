import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from mlops_ci.statistics import paired_proportions

COUNTS = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(1, 400)).map(
    lambda c: (c[0], c[1], c[0] + c[1] + c[2])
)


def sign_test(in_favour: int, disagreements: int) -> float:
    """The mid-p value, by direct definition."""
    ways = sum(math.comb(disagreements, k) for k in range(in_favour + 1, disagreements + 1))
    share: float = (ways + math.comb(disagreements, in_favour) / 2) / 2**disagreements
    return share


def corrected_score(gains: int, losses: int, n: int, difference: float, z: float, correction: float) -> float:
    """Tango's statistic by direct definition, the likelihood maximised over a fine grid, less its corrections."""
    losing = np.linspace(max(0.0, -difference), (1 - difference) / 2, 400_001)
    winning = losing + difference
    with np.errstate(divide="ignore", invalid="ignore"):
        likelihood = (
            (gains * np.log(winning) if gains else 0)
            + (losses * np.log(losing) if losses else 0)
            + (n - gains - losses) * np.log1p(-winning - losing)
        )
    best = np.nanargmax(np.where(np.isfinite(likelihood), likelihood, -np.inf))
    values = np.array([1.0, -1.0, 0.0]) - difference
    chances = np.array([winning[best], losing[best], 1 - winning[best] - losing[best]])
    deviation = math.sqrt(n * float(chances @ values**2))
    skewness = n * float(chances @ values**3) / deviation**3
    return (gains - losses - n * difference + correction) / deviation - (z**2 - 1) / 6 * skewness


@pytest.mark.parametrize("counts", [(12, 2, 50), (5, 20, 100), (1, 0, 30), (9, 1, 10), (30, 31, 200)])
def test_the_bounds_are_where_tangos_corrected_statistic_equals_the_normal_quantile(
    counts: tuple[int, int, int],
) -> None:
    estimate, z = paired_proportions(*counts, 0.95), 1.6448536269514722
    assert corrected_score(*counts, estimate.lower, z, -0.5) == pytest.approx(z, abs=2e-3)
    assert corrected_score(*counts, estimate.upper, z, 0.5) == pytest.approx(-z, abs=2e-3)


def test_no_disagreement_still_has_a_width() -> None:
    estimate = paired_proportions(0, 0, 100, 0.95)
    assert estimate.value == 0.0
    assert estimate.upper == -estimate.lower == pytest.approx(0.0307, abs=1e-4)
    assert estimate.standard_error > 0.0


def test_the_bounds_are_a_little_wider_than_the_published_ones_without_corrections() -> None:
    # Tango 1998, table I (contact lenses, 44 patients, 43 + 0 agreements, b = 0, c = 1): 95 % two-sided
    # (-0.118, 0.061) for -1/44 is quoted in the literature from the same score equations.
    estimate = paired_proportions(0, 1, 44, 0.975)
    assert -0.118 - 0.03 < estimate.lower < -0.118
    assert 0.061 < estimate.upper < 0.061 + 0.03


def test_the_standard_error_is_near_walds_for_many_rows() -> None:
    estimate = paired_proportions(400, 300, 10_000, 0.95)
    assert estimate.standard_error == pytest.approx(math.sqrt(700 - 100**2 / 10_000) / 10_000, rel=2e-3)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_a_sign_is_claimed_where_the_mid_p_test_claims_it(confidence: float) -> None:
    n, claimed = 70, 0
    for gains, losses in itertools.product(range(25), repeat=2):
        estimate = paired_proportions(gains, losses, n, confidence)
        better, worse = (
            2 * more > gains + losses and sign_test(more, gains + losses) <= 1 - confidence for more in (gains, losses)
        )
        assert (estimate.lower > 0.0, estimate.upper < 0.0) == (better, worse)
        claimed += better
    assert claimed > 50


@given(COUNTS)
def test_swapping_the_two_turns_the_interval_round(counts: tuple[int, int, int]) -> None:
    gains, losses, n = counts
    estimate, swapped = paired_proportions(gains, losses, n, 0.95), paired_proportions(losses, gains, n, 0.95)
    assert (estimate.value, estimate.lower, estimate.upper) == (
        -swapped.value,
        -swapped.upper,
        -swapped.lower,
    )
    assert estimate.standard_error == swapped.standard_error


@given(COUNTS, st.sampled_from([0.5, 0.8, 0.95, 0.999]))
def test_the_bounds_enclose_the_value_and_grow_with_the_gains(counts: tuple[int, int, int], confidence: float) -> None:
    gains, losses, n = counts
    estimate = paired_proportions(gains, losses, n, confidence)
    assert -1.0 <= estimate.lower <= estimate.value <= estimate.upper <= 1.0
    better = paired_proportions(gains + 1, losses, n, confidence)
    assert better.lower >= estimate.lower - 1e-12
    assert better.upper >= estimate.upper - 1e-12


RARE = [(0.1, 0.1), (0.02, 0.02), (0.15, 0.05), (0.3, 0.35), (0.01, 0.0), (0.1, 0.025), (0.0, 0.1), (0.2, 0.01)]


@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_no_bound_misses_more_often_than_asked_by_enumeration(alpha: float) -> None:
    n = 40
    counts = [(gains, losses) for gains in range(n + 1) for losses in range(n + 1 - gains)]
    ways = np.array([math.comb(n, gains) * math.comb(n - gains, losses) for gains, losses in counts], dtype=float)
    gains, losses = np.array(counts).T
    found = [paired_proportions(*each, n, 1 - alpha) for each in counts]
    lower, upper = (np.array([getattr(each, side) for each in found]) for side in ("lower", "upper"))
    for winning, losing in RARE:
        chance = ways * winning**gains * losing**losses * (1 - winning - losing) ** (n - gains - losses)
        assert chance[lower > winning - losing + 1e-12].sum() <= 1.02 * alpha
        assert chance[upper < winning - losing - 1e-12].sum() <= 1.02 * alpha


def test_no_rows_give_nan() -> None:
    assert math.isnan(paired_proportions(0, 0, 0, 0.95).lower)


@pytest.mark.parametrize("counts", [(-1, 0, 5), (0, -1, 5), (3, 3, 5)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="counts must"):
        paired_proportions(*counts, 0.95)


def promoted_by_luck(n: int, differing: float) -> float:
    """The chance that a bound at 95 % lies above zero, by enumeration: two equal models that differ in so many rows."""
    chance = 0.0
    for rows in range(n + 1):
        claimed = (k for k in range(rows // 2, rows + 1) if paired_proportions(k, rows - k, n, 0.95).lower > 0.0)
        least = next(claimed, None)
        if least is not None:
            chance += float(binom.pmf(rows, n, differing) * binom.sf(least - 1, rows, 0.5))
    return chance


@pytest.mark.parametrize("n", [12, 20, 50])
@pytest.mark.parametrize("differing", [0.02, 0.1, 0.3, 0.5, 0.75])
def test_the_sign_keeps_its_level_where_two_models_agree_in_a_quarter_of_the_rows(n: int, differing: float) -> None:
    assert promoted_by_luck(n, differing) <= 0.05


@pytest.mark.parametrize(("n", "level"), [(12, 0.073), (50, 0.060)])
def test_the_sign_is_bolder_where_they_differ_in_every_row(n: int, level: float) -> None:
    assert promoted_by_luck(n, 1.0) == pytest.approx(level, abs=0.0006)
