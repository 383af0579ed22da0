import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import bdtr, bdtrc

from mlops_ci.statistics import clopper_pearson


def test_a_worked_example() -> None:
    # Rule of three, exactly: with 0 of n, the one-sided upper bound is 1 - 0.05^(1/n).
    none = clopper_pearson(0, 50, 0.95)
    assert (none.value, none.lower) == (0.0, 0.0)
    assert none.upper == pytest.approx(1.0 - 0.05 ** (1 / 50))
    # 4 of 10 at 97.5 % a side: 0.1216 to 0.7376 in any table of Clopper and Pearson.
    four = clopper_pearson(4, 10, 0.975)
    assert (four.lower, four.upper) == pytest.approx((0.1216, 0.7376), abs=5e-5)


@given(st.integers(1, 500), st.floats(0.0, 1.0), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_bounds_are_where_the_binomial_tails_equal_the_error_rate(n: int, share: float, confidence: float) -> None:
    successes = round(share * n)
    estimate = clopper_pearson(successes, n, confidence)
    assert 0.0 <= estimate.lower <= estimate.value <= estimate.upper <= 1.0
    assert estimate.standard_error > 0.0
    if successes > 0:
        assert bdtrc(successes - 1, n, estimate.lower) == pytest.approx(1 - confidence, rel=1e-6)
    if successes < n:
        assert bdtr(successes, n, estimate.upper) == pytest.approx(1 - confidence, rel=1e-6)
    mirrored = clopper_pearson(n - successes, n, confidence)
    assert mirrored.lower == pytest.approx(1.0 - estimate.upper, abs=1e-12)


@pytest.mark.parametrize("n", [1, 5, 20])
def test_coverage_by_enumeration_is_never_below_nominal(n: int) -> None:
    estimates = [clopper_pearson(k, n, 0.95) for k in range(n + 1)]
    for p in (step / 200 for step in range(1, 200)):
        chances = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
        assert sum(c for c, e in zip(chances, estimates, strict=True) if p < e.lower) <= 0.05 + 1e-12
        assert sum(c for c, e in zip(chances, estimates, strict=True) if p > e.upper) <= 0.05 + 1e-12


def test_no_rows_give_nan() -> None:
    assert all(math.isnan(x) for x in (clopper_pearson(0, 0, 0.95).value, clopper_pearson(0, 0, 0.95).lower))


@pytest.mark.parametrize("arguments", [(-1, 5, 0.95), (6, 5, 0.95), (1, 5, 1.0), (1, 5, 0.4), (1, 5, math.nan)])
def test_impossible_arguments_are_refused(arguments: tuple[int, int, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        clopper_pearson(*arguments)
