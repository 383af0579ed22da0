"""Bounds that hold for any number of rows, of means of values that lie between known ends.

They assume that rows are independent, and nothing else. The price is length: the empirical Bernstein bound needs some
hundreds of rows before it says anything.
"""

import math

import numpy as np
import numpy.typing as npt

from mlops_ci.statistics.confidence import error_rate
from mlops_ci.statistics.estimate import Estimate
from mlops_ci.statistics.proportion import beta_bound

FloatArray = npt.NDArray[np.float64]

_TRUNCATION = 0.5
"""Of the bets, so that no capital is lost at once (Waudby-Smith & Ramdas 2024, section 4)."""

_HALVINGS = 40
"""Of the interval in which a bound is looked for."""


def bernstein_bounds(values: FloatArray, low: float, high: float, confidence: float) -> Estimate:
    """The mean by the empirical Bernstein inequality (Maurer & Pontil 2009, COLT, theorem 4).

    Args:
        values: (n,) between `low` and `high`.
        low: The least that a value can be.
        high: The most.
        confidence: Of each bound, in [0.5, 1).

    Raises:
        ValueError: A value is out of range, or `confidence` is.
    """
    alpha, n = error_rate(confidence), len(values)
    method = "empirical Bernstein"
    unit = _unit(values, low, high)
    if n < 2 or np.isnan(unit).any():
        return Estimate.unknown(float(values.mean()) if n else math.nan, method)
    mean, variance = float(unit.mean()), float(unit.var(ddof=1))
    logarithm = math.log(2.0 / alpha)
    reach = math.sqrt(2.0 * variance * logarithm / n) + 7.0 * logarithm / (3.0 * (n - 1))
    error = math.sqrt(variance / n)
    return _scaled(mean, max(mean - reach, 0.0), min(mean + reach, 1.0), error, low, high, method)


def betting_bounds(values: FloatArray, low: float, high: float, confidence: float, *, seed: int) -> Estimate:
    """The mean by betting against each possible one (Waudby-Smith & Ramdas 2024, JRSS B 86:1-27, theorem 3).

    A gambler who bets on values above m, without knowing the next one, multiplies his capital by 1/alpha at any time
    with probability alpha at most if m is the mean. The bound is the least m against which he does not. His bets are
    the predictable plug-in ones of their section 4, of one side only, as each bound is one-sided. Capital falls as m
    rises, so that bisection finds the bound.

    Args:
        values: (n,) between `low` and `high`.
        low: The least that a value can be.
        high: The most.
        confidence: Of each bound, in [0.5, 1).
        seed: Rows are bet on in an order drawn with it, as a file may be sorted.

    Raises:
        ValueError: As `bernstein_bounds`.
    """
    alpha, n = error_rate(confidence), len(values)
    method = "betting"
    unit = _unit(values, low, high)
    if n < 1 or np.isnan(unit).any():
        return Estimate.unknown(math.nan if n < 1 else float(values.mean()), method)
    unit = np.random.default_rng(seed).permutation(unit)
    error = float(unit.std()) / math.sqrt(n)
    return _scaled(
        float(unit.mean()),
        min(_bet_lower(unit, alpha), float(unit.mean())),
        max(1.0 - _bet_lower(1.0 - unit, alpha), float(unit.mean())),
        error,
        low,
        high,
        method,
    )


def exact_paired(only_candidate: int, only_baseline: int, n: int, confidence: float) -> Estimate:
    """The difference of two proportions on the same rows, exactly valid.

    Of the rows in which just one of the two succeeds, the share that is the candidate's is binomial, and so is their
    number. Clopper-Pearson bounds the one at four fifths of the error rate, the other at a fifth; together they bound
    the difference (2 share - 1) number / n. Only one side of the number matters: the upper one where the share's bound
    is below a half, and then the truth can only be missed if the share is.

    Args:
        only_candidate: Rows where the candidate succeeds and the baseline fails.
        only_baseline: Rows the other way round.
        n: All rows.
        confidence: Of each bound, in [0.5, 1).

    Raises:
        ValueError: A count is negative, the two exceed n, or `confidence` is out of range.
    """
    if only_candidate < 0 or only_baseline < 0 or only_candidate + only_baseline > n:
        raise ValueError(f"counts must not be negative nor exceed n; got {only_candidate} + {only_baseline} of {n}")
    alpha = error_rate(confidence)
    method = "Clopper\u2013Pearson on the rows that differ"
    if n == 0:
        return Estimate.unknown(math.nan, method)
    differing, net = only_candidate + only_baseline, only_candidate - only_baseline
    return Estimate(
        value=net / n,
        lower=_exact_lower(only_candidate, differing, n, alpha),
        upper=-_exact_lower(only_baseline, differing, n, alpha),
        standard_error=math.sqrt(differing + 1 - net**2 / (n + 2)) / (n + 2),
        method=method,
    )


def _exact_lower(in_favour: int, differing: int, n: int, alpha: float) -> float:
    lean = 2.0 * beta_bound(in_favour, differing, 0.8 * alpha) - 1.0
    if lean >= 0.0:
        return lean * beta_bound(differing, n, 0.2 * alpha)
    return lean * (1.0 - beta_bound(n - differing, n, 0.2 * alpha))


def _bet_lower(unit: FloatArray, alpha: float) -> float:
    n = len(unit)
    # Mean and variance of the values before each, with half a value of each added (their equation 26).
    before = np.arange(1, n + 1)
    means = (0.5 + np.cumsum(unit)) / (before + 1)
    variances = (0.25 + np.cumsum(np.square(unit - means))) / (before + 1)
    known = np.concatenate([[0.25], variances[:-1]])
    bets = np.sqrt(2.0 * math.log(1.0 / alpha) / (n * known))
    wanted = math.log(1.0 / alpha)

    def ruined(mean: float) -> bool:
        capital = np.cumsum(np.log1p(np.minimum(bets, _TRUNCATION / mean) * (unit - mean)))
        return bool(capital.max() >= wanted)

    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if ruined(middle) else (low, middle)
    return low


def _unit(values: FloatArray, low: float, high: float) -> FloatArray:
    slack = 1e-9 * (high - low)
    if len(values) and (np.nanmin(values) < low - slack or np.nanmax(values) > high + slack):
        raise ValueError(f"values must lie between {low} and {high}")
    return np.clip((values - low) / (high - low), 0.0, 1.0)


def _scaled(mean: float, lower: float, upper: float, error: float, low: float, high: float, method: str) -> Estimate:
    width = high - low
    return Estimate(low + width * mean, low + width * lower, low + width * upper, width * error, method)
