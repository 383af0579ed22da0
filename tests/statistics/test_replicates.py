from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from mlops_ci.statistics.replicates import replicate_bounds


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_the_bounds_are_those_of_scipy(rng: np.random.Generator) -> None:
    rows = rng.exponential(size=80)
    found = stats.bootstrap((rows,), np.mean, n_resamples=4999, confidence_level=0.9, method="BCa", rng=rng)
    jackknife = (rows.sum() - rows) / (len(rows) - 1)
    ours = replicate_bounds(float(rows.mean()), found.bootstrap_distribution, jackknife, 0.95, method="BCa")
    theirs = found.confidence_interval
    assert (ours.lower, ours.upper) == pytest.approx((theirs.low, theirs.high), abs=2e-3)
    assert ours.standard_error == pytest.approx(found.standard_error, rel=0.01)


def test_smaller_resamples_are_scaled(rng: np.random.Generator) -> None:
    spread = rng.normal(5.0, 2.0, 20_000)
    ours = replicate_bounds(5.0, spread, np.empty(0), 0.95, scale=0.1, method="m out of n")
    assert (ours.lower, ours.upper) == pytest.approx((5.0 - 0.329, 5.0 + 0.329), abs=0.01)


@pytest.mark.parametrize("jackknife", [np.empty(0), np.linspace(-1, 1, 10)], ids=["smaller", "BCa"])
def test_replicates_without_a_value_count_against_both_bounds(jackknife: np.ndarray, rng: np.random.Generator) -> None:
    spread = rng.normal(0.0, 1.0, 1000)
    whole = replicate_bounds(0.0, spread, jackknife, 0.9, method="m")
    some = replicate_bounds(0.0, np.where(np.arange(1000) < 30, np.nan, spread), jackknife, 0.9, method="m")
    assert some.lower < whole.lower and some.upper > whole.upper
    many = replicate_bounds(0.0, np.where(np.arange(1000) < 200, np.nan, spread), jackknife, 0.9, method="m")
    assert math.isnan(many.lower) and math.isnan(many.upper)


def test_where_nothing_moves_nothing_is_known_but_of_a_model_against_itself() -> None:
    same = replicate_bounds(0.0, np.zeros(1000), np.zeros(50), 0.95, method="m")
    assert (same.lower, same.upper) == (0.0, 0.0)
    stuck = replicate_bounds(3.0, np.full(1000, 3.0), np.full(50, 3.0), 0.95, method="m")
    assert math.isnan(stuck.lower) and math.isnan(stuck.upper)


@pytest.mark.parametrize("unit", [1e-300, 1e-160, 1e110, 1e160, 1e300])
@pytest.mark.parametrize("blocks", [0, 50])
def test_the_unit_does_not_matter(unit: float, blocks: int) -> None:
    random = np.random.default_rng(4)
    replicates, jackknife = 1.0 + 0.1 * random.exponential(size=2000), 1.0 + 0.01 * random.exponential(size=blocks)
    one = replicate_bounds(1.1, replicates, jackknife, 0.95, method="m")
    other = replicate_bounds(1.1 * unit, replicates * unit, jackknife * unit, 0.95, method="m")
    for name in ("lower", "upper", "standard_error"):
        assert getattr(other, name) == pytest.approx(getattr(one, name) * unit, rel=1e-9, abs=0.0)
