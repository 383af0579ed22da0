"""Bounds for a smooth function of row means.

Why the studentised bootstrap: both it and BCa are second-order accurate, so that a one-sided bound misses its
confidence by O(1/n) where the normal and the percentile bounds miss by O(1/sqrt(n)) (Hall 1988, Annals of
Statistics 16:927-953). Where a variance is at hand, as here from the gradient, the studentised bounds cover
better in samples of tens to hundreds of skewed rows, such as losses; what they give up is length (Hall 1992,
The Bootstrap and Edgeworth Expansion, section 3.10; DiCiccio & Efron 1996, Statistical Science 11:189-228,
section 4). A gate would rather be long.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlops_ci.statistics.confidence import error_rate, normal_quantile
from mlops_ci.statistics.estimate import Estimate

FloatArray = npt.NDArray[np.float64]
Combine = Callable[[FloatArray], FloatArray]

_CLT_ROWS = 50_000
"""More rows than this and the normal bound is used: for influences of skewness g its one-sided coverage is
off by about 0.11 g / sqrt(n) at 0.95 (Hall 1992, section 3.3), half a percent for g = 10."""

_CHUNK_CELLS = 2**20
"""Rows times resamples held at once: 8 MB of counts."""

_STEP = 1e-5
"""Step of a numerical derivative, in standard deviations of the rows. Small, as a resample that misses the
one huge row may lie close to the edge of the function's domain; not smaller, for the rounding of the
difference."""

_NIL = 1e-8
"""What is smaller than this, relative to the terms it is the difference of, is rounding."""


def bootstrap_moments(
    features: FloatArray,
    combine: Combine,
    confidence: float,
    resamples: int = 2000,
    *,
    seed: int,
) -> Estimate:
    """A smooth function of row means, theta = combine(mean), with studentised bootstrap bounds.

    The pivot (theta* - theta) / se* of a resample takes its standard error from the delta method, with a
    gradient by central differences. A pivot that cannot be computed (a resample of one row repeated, a
    combine outside its domain) counts against both bounds. Above 50,000 rows the normal bound with the same
    standard error is used.

    Where no row has influence, the bounds equal the value if all rows are the same, or if theta is 0 and no
    resample moves it (a model compared with itself); otherwise they are NaN, as nothing is known about the
    spread.

    Args:
        features: (n, K), one row a test row. To compare two models, their moments side by side.
        combine: Means (..., K) to theta (...), smooth; NaN where undefined.
        confidence: Of each bound, in [0.5, 1).
        resamples: How many.
        seed: The same seed gives the same bounds for the same rows in the same order.

    Returns:
        Bounds NaN with fewer than two rows or where the resamples do not settle them; everything NaN with no
        rows, a feature that is not finite, or an undefined theta.

    Raises:
        ValueError: `features` is not two-dimensional, `resamples` is not positive, or `confidence` is out of
            range.
    """
    if features.ndim != 2:
        raise ValueError(f"features must be (n, K); their shape is {features.shape}")
    if resamples < 1:
        raise ValueError(f"resamples must be positive; got {resamples}")
    alpha, z = error_rate(confidence), normal_quantile(confidence)
    n = len(features)
    method = f"studentised bootstrap, {resamples:,} resamples" if n <= _CLT_ROWS else "delta method, normal"
    if n == 0 or not np.isfinite(features).all():
        return _unbounded(math.nan, method)
    # Outside its domain `combine` gives NaN, which is handled, so it need not warn as well.
    with np.errstate(all="ignore"):
        value = float(combine(features.mean(axis=0)))
        if n < 2 or not math.isfinite(value):
            return _unbounded(value if math.isfinite(value) else math.nan, method)
        if not np.ptp(features, axis=0).any():
            return Estimate(value, value, value, 0.0, "all rows the same")
        rows = _uncorrelated(features, combine)
        gradient = rows.gradient(np.zeros((1, rows.scores.shape[1])))[0]
        sensitivity = rows.sensitivity()
        standard_error = float(np.linalg.norm(gradient)) / math.sqrt(n - 1)
        if not math.isfinite(standard_error) or not math.isfinite(sensitivity):
            return _unbounded(value, method)
        influential = float(np.linalg.norm(gradient)) > _NIL * sensitivity
        if influential and n > _CLT_ROWS:
            reach = z * standard_error
            return Estimate(value, value - reach, value + reach, standard_error, method)
        moved, pivots = _resample(rows, value, resamples, seed)
    if not influential:
        if abs(value) <= _NIL * sensitivity and (np.abs(moved) <= _NIL * sensitivity).all():
            return Estimate(value, value, value, 0.0, "no resample differs")
        return _unbounded(value, method)
    return Estimate(
        value=value,
        lower=_bound(value, -standard_error, pivots, alpha),
        upper=_bound(value, standard_error, -pivots, alpha),
        standard_error=standard_error,
        method=method,
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Rows:
    """The features in coordinates in which they are centred, of unit variance and uncorrelated.

    Two good models have features that are nearly the same. In these coordinates what tells them apart is a
    coordinate of its own, rather than the small difference of two large variances.
    """

    scores: FloatArray  # (n, R)
    centre: FloatArray  # (K,)
    axes: FloatArray  # (R, K): features = centre + scores @ axes
    combine: Combine

    def theta(self, means: FloatArray) -> FloatArray:
        """(..., R) means of scores to (...)."""
        return self.combine(self.centre + means @ self.axes)

    def gradient(self, means: FloatArray) -> FloatArray:
        """(B, R) means of scores to the derivatives of theta there, (B, R)."""
        steps = _STEP * np.eye(means.shape[1])
        around = means[:, np.newaxis, :]
        return (self.theta(around + steps) - self.theta(around - steps)) / (2.0 * _STEP)

    def sensitivity(self) -> float:
        """How far theta would move if each feature alone moved by its standard deviation, added up."""
        steps = _STEP * np.diag(np.linalg.norm(self.axes, axis=0))
        slopes = (self.combine(self.centre + steps) - self.combine(self.centre - steps)) / (2.0 * _STEP)
        return float(np.abs(slopes).sum())


def _uncorrelated(features: FloatArray, combine: Combine) -> _Rows:
    n = len(features)
    centre = features.mean(axis=0)
    # The rounded mean of a constant column is not quite the constant, and that residue would be scaled up to
    # a row.
    varies = np.ptp(features, axis=0) > 0.0
    centred = np.where(varies, features - centre, 0.0)
    scale = np.where(varies, np.sqrt(np.square(centred).mean(axis=0)), 1.0)
    left, singular, right = np.linalg.svd(centred / scale, full_matrices=False)
    kept = singular > singular[0] * 1e-12
    root_n = math.sqrt(n)
    return _Rows(
        scores=left[:, kept] * root_n,
        centre=centre,
        axes=(singular[kept, np.newaxis] / root_n) * right[kept] * scale,
        combine=combine,
    )


def _resample(rows: _Rows, value: float, resamples: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """For each resample, theta* - theta and its studentised form (NaN where that cannot be computed)."""
    n, rank = rows.scores.shape
    pairs = rows.scores[:, :, np.newaxis] * rows.scores[:, np.newaxis, :]
    columns = np.concatenate([rows.scores, pairs.reshape(n, rank * rank)], axis=1)
    random = np.random.default_rng(seed)
    chunk = max(1, _CHUNK_CELLS // n)
    means = np.concatenate(
        [_counts(random, min(chunk, resamples - start), n) @ columns for start in range(0, resamples, chunk)]
    ) / float(n)
    first, second = means[:, :rank], means[:, rank:].reshape(resamples, rank, rank)
    covariance = second - first[:, :, np.newaxis] * first[:, np.newaxis, :]
    gradient = rows.gradient(first)
    variance = np.einsum("bi,bij,bj->b", gradient, covariance, gradient)
    rounding = 1e-12 * np.einsum("bi,bii->b", np.square(gradient), second)
    moved = rows.theta(first) - value
    pivots = moved / np.sqrt(np.where(variance > rounding, variance, np.nan) / (n - 1))
    return moved, pivots


def _counts(random: np.random.Generator, resamples: int, n: int) -> FloatArray:
    """(resamples, n) how often each resample drew each row."""
    drawn = random.integers(0, n, size=(resamples, n), dtype=np.int64)
    drawn += np.arange(resamples, dtype=np.int64)[:, np.newaxis] * n
    return np.bincount(drawn.ravel(), minlength=resamples * n).reshape(resamples, n).astype(np.float64)


def _bound(value: float, signed_error: float, pivots: FloatArray, alpha: float) -> float:
    """Value + signed_error * (the pivots' upper quantile), or NaN if too many pivots are not known.

    The quantile is the order statistic number (B + 1)(1 - alpha), rounded up (Davison & Hinkley 1997, section
    2.4). It is not let below zero, so that a bound never passes the value.
    """
    number = math.ceil((len(pivots) + 1) * (1.0 - alpha) - 1e-9)
    if number > len(pivots):
        return math.nan
    quantile = float(np.sort(np.where(np.isfinite(pivots), pivots, np.inf))[number - 1])
    return value + signed_error * max(quantile, 0.0) if math.isfinite(quantile) else math.nan


def _unbounded(value: float, method: str) -> Estimate:
    return Estimate(value, math.nan, math.nan, math.nan, method)
