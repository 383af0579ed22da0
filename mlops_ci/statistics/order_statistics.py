"""A quantile of one sample, between two of its values."""

import math

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, bdtrik

from mlops_ci.statistics.confidence import error_rate
from mlops_ci.statistics.estimate import Estimate

FloatArray = npt.NDArray[np.float64]


def quantile_bounds(values: FloatArray, quantile: float, value: float, confidence: float) -> Estimate:
    """Exact bounds of a quantile: how many of n values lie below it is binomial.

    David & Nagaraja 2003 (Order Statistics, section 7.1). With ties they hold more often than asked.

    Args:
        values: (n,) without NaN.
        quantile: Which, in (0, 1).
        value: The sample's own, as the metric defines it.
        confidence: Of each bound, in [0.5, 1).

    Returns:
        A bound is NaN where the sample is too small for any of its values to be one.
    """
    alpha, n = error_rate(confidence), len(values)
    method = "order statistics, exact"
    if n == 0 or math.isnan(value):
        return Estimate.unknown(math.nan, method)
    below, above = _ranks(n, quantile, alpha)
    rising = np.sort(values)
    lower = float(rising[below]) if below >= 0 else math.nan
    upper = float(rising[above]) if above < n else math.nan
    one_below, one_above = _ranks(n, quantile, 0.16)
    # Half the distance between the values about one standard deviation of the rank away.
    error = float(rising[min(one_above, n - 1)] - rising[max(one_below, 0)]) / 2.0
    return Estimate(value, lower, upper, error, method)


def quantile_known(n: int, quantile: float, confidence: float) -> bool:
    """Whether n values have exact bounds of the quantile on both sides."""
    below, above = _ranks(n, quantile, error_rate(confidence))
    return below >= 0 and above < n


def _ranks(n: int, quantile: float, alpha: float) -> tuple[int, int]:
    """From 0, of the largest value that may be the lower bound and of the smallest that may be the upper one."""
    # The value number i, from 0, is above the quantile if at most i values are below it.
    below = _binomial_quantile(alpha, n, quantile)
    below -= int(bdtr(below, n, quantile) > alpha)
    return below, _binomial_quantile(1.0 - alpha, n, quantile)


def _binomial_quantile(chance: float, n: int, success: float) -> int:
    """The least number of successes in n that is not exceeded with this chance.

    As `scipy.stats.binom.ppf`, whose import takes longer than all that is computed here.
    """
    number = math.ceil(max(0.0, float(bdtrik(chance, n, success))))
    return number - int(number > 0 and bdtr(number - 1, n, success) >= chance)
