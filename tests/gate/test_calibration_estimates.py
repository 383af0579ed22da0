"""The calibration error, which noise only ever lengthens."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from mlops_ci.gate.estimating.estimates import estimate_alone, estimate_change
from mlops_ci.metrics import METRICS, Predictions

METRIC = METRICS["calibration_error"]


def sample(seed: int, rows: int, *, off: float = 0.0, a_group: int = 0) -> Predictions:
    """Probabilities that come true as often as they say, less ``off``."""
    random = np.random.default_rng(seed)
    score = random.uniform(0.2, 0.8, rows)
    group = np.arange(rows) // a_group if a_group else None
    luck = random.uniform(size=rows)
    if group is not None:
        luck = random.uniform(size=int(group[-1]) + 1)[group]  # all rows of a group come out alike
    return Predictions("binary", luck < score - off, score >= 0.5, score, ("no", "yes"), group=group)


@pytest.mark.parametrize("a_group", [0, 5])
def test_a_calibrated_model_is_seldom_said_to_be_off(a_group: int) -> None:
    said = [estimate_alone(METRIC, sample(seed, 400, a_group=a_group), 0.95).lower > 0.0 for seed in range(200)]
    assert sum(said) <= 20


def test_a_model_that_is_far_off_is_said_to_be() -> None:
    estimate = estimate_alone(METRIC, sample(1, 2_000, off=0.2), 0.95)
    assert 0.1 < estimate.lower < 0.2 < estimate.upper


def test_the_better_calibrated_of_two_is_seen_and_noise_is_not() -> None:
    off = sample(1, 5_000, off=0.15)
    right = replace(off, score=off.require_score() - 0.15)
    assert estimate_change(METRIC, right, off, 1.0, 0.95).upper < 0.0
    noisy = replace(right, score=right.require_score() + 1e-4)
    assert estimate_change(METRIC, right, noisy, 1.0, 0.95).upper > 0.0


def test_a_model_is_no_better_calibrated_than_itself() -> None:
    one = sample(2, 300)
    same = estimate_change(METRIC, one, one, 1.0, 0.95)
    assert (same.lower, same.upper) == (0.0, 0.0)


def test_noise_reaches_further_the_stricter_the_level() -> None:
    # Of 2,000 draws none is rarer than one in 2,000, which a look at a budget may well have to be.
    one = sample(3, 400, off=0.3)
    levels = (0.95, 0.99, 0.999, 1 - 1e-5, 1 - 1e-7)
    bounds = [estimate_alone(METRIC, one, level).lower for level in levels]
    assert all(stricter < 0.97 * bound for bound, stricter in pairwise(bounds))
