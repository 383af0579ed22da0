"""How many rows a decision takes, and what a number of rows can decide.

The power of a test is the chance that it passes, given how far the truth lies on the passing side of its bound. What
is planned is the gate's own test: exact where the test is of counts, and with the t distribution where
it is studentised.
"""

import math
from collections.abc import Callable

from scipy.special import bdtrc, nctdtr, ndtr, stdtrit

from mlops_ci.statistics.confidence import error_rate, normal_quantile
from mlops_ci.statistics.paired_power import paired_power

Power = Callable[[int, float], float]
"""Rows, and the truth's distance from the bound (not negative) to the chance of passing."""

MOST_ROWS = 10**9
"""Who needs more has another problem."""

_LARGE = 2_000  # rows from which on t is normal, to four digits


def power_of_mean(deviation: float, confidence: float) -> Power:
    """Of a one-sided t test, from the standard deviation of one row's (paired) difference.

    By the noncentral t distribution (Chow, Shao & Wang, Sample Size Calculations in Clinical Research, section
    3.1.2), which for many rows is normal.
    """
    alpha, z = error_rate(confidence), normal_quantile(confidence)
    _require_positive(deviation, "deviation")

    def power(n: int, distance: float) -> float:
        if n < 2:
            return 0.0
        away = distance * math.sqrt(n) / deviation
        if n > _LARGE or away > 30.0:
            return float(ndtr(away - z))
        return float(1.0 - nctdtr(n - 1, away, -stdtrit(n - 1, alpha)))

    return power


def power_of_paired_proportions(
    disagreement: float, confidence: float, *, change: float | None, bound: float = 0.0
) -> Power:
    """Of `paired_proportions`, exactly.

    Args:
        disagreement: Share of rows that just one of the two models gets right.
        confidence: Of the test.
        change: The true change, from which a bound lies at some distance; None if instead the bound is given and
            the true change is what varies.
        bound: That bound.
    """

    def power(n: int, distance: float) -> float:
        true, limit = (bound + distance, bound) if change is None else (change, change - distance)
        # So large a change takes more disagreement than was assumed.
        return paired_power(n, max(disagreement, abs(true)), true, limit, confidence) if abs(true) <= 1.0 else 1.0

    return power


def power_of_proportion(value: float, confidence: float) -> Power:
    """That the Clopper-Pearson bound of a proportion clears a floor which lies below the true `value`, exactly.

    The power is a saw over n, as counts are whole.
    """
    alpha = error_rate(confidence)
    if not 0.0 < value <= 1.0:
        raise ValueError(f"no proportion: {value}")

    def power(n: int, distance: float) -> float:
        floor = value - distance
        if n < 1 or floor <= 0.0:
            return float(n > 0)
        # As many successes or more come with a chance below alpha, if the truth is no more than the floor.
        low, high = 1, n + 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if bdtrc(middle - 1, n, floor) < alpha else (middle + 1, high)
        return float(bdtrc(low - 1, n, value)) if low <= n else 0.0

    return power


def power_of_area(area: float, positives: float, confidence: float, *, correlation: float | None = None) -> Power:
    """Of a comparison of areas under the ROC curve, from the variance that Hanley & McNeil give to one area.

    1982, Radiology 143:29-36: Q1 = A / (2 - A), Q2 = 2 A² / (1 + A); two areas on the same rows: 1983, Radiology
    148:839-843.

    Args:
        area: Of either model.
        positives: Share of positive rows.
        confidence: Of the test.
        correlation: Of the two areas; None for one area alone, against a fixed floor.
    """
    z = normal_quantile(confidence)
    if not 0.0 < positives < 1.0 or not 0.5 <= area < 1.0:
        raise ValueError(f"no such area: {area} with {positives} of the rows positive")
    if correlation is not None and not -1.0 <= correlation < 1.0:
        raise ValueError(f"no correlation: {correlation}")
    first, second = area / (2.0 - area) - area**2, 2.0 * area**2 / (1.0 + area) - area**2
    pair = 1.0 if correlation is None else 2.0 * (1.0 - correlation)

    def power(n: int, distance: float) -> float:
        many, few = n * positives, n * (1.0 - positives)
        if min(many, few) < 2.0:
            return 0.0
        variance = pair * (area * (1.0 - area) + (many - 1.0) * first + (few - 1.0) * second) / (many * few)
        return float(ndtr(distance / math.sqrt(variance) - z))

    return power


def rows_for(power: Power, distance: float, wanted: float) -> int | None:
    """The rows from which on a test has the power wanted; None if a thousand million would not do.

    Found by bisection. Where the power is a saw, the number found has the power, and so have most above it.
    """
    if not distance > 0.0:
        return None
    high = 2
    while power(high, distance) < wanted:
        high *= 2
        if high > MOST_ROWS:
            return None
    low = high // 2
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle, distance) >= wanted else (middle, high)
    return high


def detectable(power: Power, n: int, wanted: float, largest: float) -> float | None:
    """The smallest distance from its bound at which `n` rows have the power wanted; None above `largest`."""
    if power(n, largest) < wanted:
        return None
    low, high = 0.0, largest
    for _ in range(30):  # nine digits
        middle = (low + high) / 2.0
        low, high = (low, middle) if power(n, middle) >= wanted else (middle, high)
    return high


def _require_positive(value: float, what: str) -> None:
    if not 0.0 < value < math.inf:
        raise ValueError(f"the {what} must be positive and finite; got {value}")
