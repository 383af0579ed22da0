"""Metrics of files that are too long to be held: what remains of them is a few sums."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlops_ci.statistics import NO_ROW_DIFFERS, Estimate, clopper_pearson, paired_proportions
from mlops_ci.statistics.skewed import Spread

FloatArray = npt.NDArray[np.float64]
ORDER = 4
_FREEDOM = 100.0
"""Degrees of freedom of the variance with fewer than which, in so long a file, it hangs on a handful of rows."""
_ROUNDING = 32 * float(np.finfo(np.float64).eps)
"""As of rows that are held (`statistics/jackknife.py`): what contributes less to a value is no difference."""
_LEAST, _MOST = 1e-140, 1e140
"""Variances that can be squared in double precision."""


@dataclass(frozen=True, eq=False, slots=True)
class StreamedResult:
    """A mean-type metric of one of two files whose rows are paired.

    ``joint[p, q]`` is the mean of (c - b)^p b^q over the rows, c and b being what a row adds to the candidate's value
    and to the baseline's, each centred; without a baseline b is zero. ``counts`` are set where each row is right or
    wrong: how many are right, and how many only here and only there. Two models are the ``same`` if they answer all
    rows alike; that a metric sees no difference does not make them so.
    """

    value: float
    rows: int
    joint: FloatArray
    counts: tuple[int, int, int] | None = None
    problem: str | None = None
    values: None = None
    same: bool = False

    def alone(self, confidence: float) -> Estimate:
        """The value, with one-sided bounds."""
        if self.counts is not None:
            return clopper_pearson(self.counts[0], self.rows, confidence)
        return self._bounds(self.value, self._central(1.0), confidence, abs(self.value), "all rows are alike")

    def change(self, baseline: StreamedResult, factor: float, confidence: float) -> Estimate:
        """This value less ``factor`` times the baseline's."""
        if self.counts is not None and factor == 1.0:
            return paired_proportions(self.counts[1], self.counts[2], self.rows, confidence)
        value, central = self.value - factor * baseline.value, self._central(1.0 - factor)
        if self.same and value == 0.0 and central[2] == 0.0:
            return Estimate(0.0, 0.0, 0.0, 0.0, NO_ROW_DIFFERS)
        size = abs(self.value) + factor * abs(baseline.value)
        return self._bounds(
            value, central, confidence, size, "no row tells the two apart, though they are not the same"
        )

    def _central(self, share: float) -> list[float]:
        """Central moments of what a row adds to the difference of the two, and a share of the baseline's."""
        return [
            sum(math.comb(order, q) * share**q * float(self.joint[order - q, q]) for q in range(order + 1))
            for order in range(ORDER + 1)
        ]

    def _bounds(self, value: float, central: list[float], confidence: float, size: float, alike: str) -> Estimate:
        """Bounds from the moments; the sixth, which would tell how well skewness is known, matters in short files."""
        method = "delta method, skewness-corrected"
        variance = central[2]
        if not (math.isfinite(value) and variance <= _MOST):
            return Estimate.unknown(value, method)
        if variance < _LEAST or math.sqrt(variance) <= _ROUNDING * size * self.rows:
            return Estimate.unknown(value, method, alike)
        kurtosis = central[4] / variance**2
        spread = Spread(
            error=math.sqrt(variance / self.rows),
            skewness=central[3] / variance**1.5 / math.sqrt(self.rows),
            doubt=0.0,
            freedom=2.0 / ((max(kurtosis - 3.0, 0.0) + 2.0) / self.rows),
        )
        lower, upper = spread.bounds(value, confidence, _FREEDOM)
        return Estimate(value, lower, upper, spread.error, method)
