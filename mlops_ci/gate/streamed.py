"""Metrics of files that are too long to be held: what remains of them is a few sums."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from mlops_ci.statistics import Estimate, clopper_pearson, paired_proportions

FloatArray = npt.NDArray[np.float64]
ORDER = 4
_MOST_KURTOSIS = 0.02
"""Kurtosis of a row's contribution, divided by the rows, above which the variance itself is hardly known."""


@dataclass(frozen=True, eq=False, slots=True)
class StreamedResult:
    """A mean-type metric of one of two files whose rows are paired.

    ``joint[p, q]`` is the mean of (c - b)^p b^q over the rows, c and b being what a row adds to the candidate's value
    and to the baseline's, each centred; without a baseline b is zero. ``counts`` are set where each row is right or
    wrong: how many are right, and how many only here and only there. A metric of ``labels`` does not see how two models
    differ that give the same ones.
    """

    value: float
    rows: int
    joint: FloatArray
    counts: tuple[int, int, int] | None = None
    problem: str | None = None
    values: None = None
    labels: bool = False

    def alone(self, confidence: float) -> Estimate:
        """The value, with one-sided bounds."""
        if self.counts is not None:
            return clopper_pearson(self.counts[0], self.rows, confidence)
        return self._bounds(self.value, self._central(1.0), confidence)

    def change(self, baseline: StreamedResult, factor: float, confidence: float) -> Estimate:
        """This value less ``factor`` times the baseline's."""
        if self.counts is not None and factor == 1.0:
            return paired_proportions(self.counts[1], self.counts[2], self.rows, confidence)
        return self._bounds(self.value - factor * baseline.value, self._central(1.0 - factor), confidence)

    def _central(self, share: float) -> list[float]:
        """Central moments of what a row adds to the difference of the two, and a share of the baseline's."""
        return [
            sum(math.comb(order, q) * share**q * float(self.joint[order - q, q]) for q in range(order + 1))
            for order in range(ORDER + 1)
        ]

    def _bounds(self, value: float, central: list[float], confidence: float) -> Estimate:
        """The normal bound with Hall's correction for skewness, which only lengthens it.

        Hall 1992, Journal of the Royal Statistical Society B 54:221-228.
        """
        method = "delta method, skewness-corrected"
        variance = central[2]
        if variance <= 0.0 and value == 0.0 and not self.labels:
            return Estimate(0.0, 0.0, 0.0, 0.0, "no row differs")
        if not (math.isfinite(value) and 0.0 < variance < math.inf):
            return Estimate(value, math.nan, math.nan, math.nan, method)
        error = math.sqrt(variance / self.rows)
        if not central[4] / variance**2 <= _MOST_KURTOSIS * self.rows:
            return Estimate(value, math.nan, math.nan, error, method)
        skewness, quantile = central[3] / variance**1.5, float(ndtri(confidence))
        # The quantiles of a t statistic lie at -(2 q² + 1) g / (6 sqrt(n)) beside the normal ones.
        bend = (2.0 * quantile**2 + 1.0) * skewness / (6.0 * math.sqrt(self.rows))
        below, above = max(quantile, quantile - bend), max(quantile, quantile + bend)
        return Estimate(value, value - error * below, value + error * above, error, method)
