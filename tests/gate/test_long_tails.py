"""How far the bounds of a mean can be trusted depends on its tail: what `docs/gate.md` says of log-normal values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from mlops_ci.gate.estimating.estimates import estimate_alone
from mlops_ci.metrics import Predictions, metric_of

DRAWS, ROWS = 1000, 50


def missed(spread: float) -> int:
    """Upper bounds at 95 % that lie below the truth."""
    random, truth = np.random.default_rng(12), float(np.exp(spread**2 / 2))
    metric = metric_of("mean", ("x",), None)
    assert metric
    found = 0
    for _ in range(DRAWS):
        columns = {"x": random.lognormal(0.0, spread, ROWS)}
        found += (
            estimate_alone(metric, Predictions("rows", np.zeros(ROWS), None, None, (), columns=columns), 0.95).upper
            < truth
        )
    return found


@pytest.mark.parametrize(("spread", "holds"), [(1.0, True), (2.0, False)])
def test_bounds_of_a_mean_hold_for_long_tails_and_not_for_very_long_ones(spread: float, holds: bool) -> None:
    assert (missed(spread) <= binom.ppf(0.999, DRAWS, 0.05)) == holds
