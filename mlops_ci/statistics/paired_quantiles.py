"""The difference of two quantiles measured on the same rows, from the bounds of each."""

import math

import numpy as np
import numpy.typing as npt

from mlops_ci.statistics.confidence import error_rate
from mlops_ci.statistics.estimate import NO_ROW_DIFFERS, Estimate
from mlops_ci.statistics.order_statistics import quantile_bounds

FloatArray = npt.NDArray[np.float64]

_TIED = 0.25
"""Share of the values between the bounds of a quantile that may be one and the same; with more, it moves in leaps."""


def paired_quantiles(
    first: FloatArray,
    second: FloatArray,
    quantile: float,
    values: tuple[float, float],
    factor: float,
    confidence: float,
) -> Estimate:
    """Bounds of the first one's quantile less `factor` times the second one's.

    Each quantile has exact bounds by order statistics. How far these lie from the quantiles makes the bounds of the
    difference, as the legs of a triangle do, with the cosine of how the two hang together (MOVER: Zou & Donner 2008,
    Statistics in Medicine 27:1693-1702): the correlation of "this row is below its quantile", to which a sample
    quantile is nearly a mean (Bahadur 1966, Annals of Mathematical Statistics 37:577-580). No resampling is needed.

    Where many values are tied a quantile moves in leaps, of which that knows nothing. The bounds of the difference are
    then those of each at half the error, subtracted (Bonferroni), which hold whatever the ties.

    Args:
        first: (n,) without NaN.
        second: (n,) of the same rows.
        quantile: Which, in (0, 1).
        values: The two samples' own, as the metric defines it.
        factor: By which the second one's counts.
        confidence: Of each bound, in [0.5, 1).

    Returns:
        A bound is NaN where the sample is too small for one.
    """
    method, (ours, theirs) = "order statistics, paired", values
    change = ours - factor * theirs
    if factor == 1.0 and np.array_equal(first, second) and not math.isnan(change):
        return Estimate(0.0, 0.0, 0.0, 0.0, NO_ROW_DIFFERS)

    def each(level: float) -> tuple[Estimate, Estimate]:
        return quantile_bounds(first, quantile, ours, level), _scaled(second, quantile, theirs, factor, level)

    one, other = each(confidence)
    error = math.hypot(one.standard_error, other.standard_error)
    if _leaps(first, one) or _leaps(factor * second, other):
        one, other = each(1.0 - error_rate(confidence) / 2.0)
        method = "order statistics, each quantile alone, Bonferroni"
        return Estimate(change, one.lower - other.upper, one.upper - other.lower, error, method)
    together = _correlation(first, second, values) * (1.0 if factor >= 0.0 else -1.0)
    return Estimate(
        value=change,
        lower=change - _side(one.value - one.lower, other.upper - other.value, together),
        upper=change + _side(one.upper - one.value, other.value - other.lower, together),
        standard_error=_side(one.standard_error, other.standard_error, together),
        method=method,
    )


def _scaled(values: FloatArray, quantile: float, value: float, factor: float, confidence: float) -> Estimate:
    if factor >= 0.0:
        return quantile_bounds(factor * values, quantile, factor * value, confidence)
    return quantile_bounds(factor * values, 1.0 - quantile, factor * value, confidence)


def _side(leg: float, other: float, cosine: float) -> float:
    return math.sqrt(max(leg * leg + other * other - 2.0 * cosine * leg * other, 0.0))


def _correlation(first: FloatArray, second: FloatArray, values: tuple[float, float]) -> float:
    """Of lying below the own quantile, half of those that are equal to it; 0 where it has no spread."""
    ours, theirs = (
        (sample < value) + 0.5 * (sample == value) for sample, value in zip((first, second), values, strict=True)
    )
    ours, theirs = ours - ours.mean(), theirs - theirs.mean()
    size = math.sqrt(float(ours @ ours) * float(theirs @ theirs))
    return float(ours @ theirs) / size if size > 0.0 else 0.0


def _leaps(sample: FloatArray, bounded: Estimate) -> bool:
    """Whether one value makes up much of what lies between the bounds."""
    if math.isnan(bounded.lower) or math.isnan(bounded.upper):
        return False
    between = sample[(sample >= bounded.lower) & (sample <= bounded.upper)]
    most = int(np.unique(between, return_counts=True)[1].max())
    return most > max(1.0, _TIED * len(between))
