"""Bounds of an estimate that is nearly a sum of independent contributions, in closed form.

The normal bound of a mean of skewed values misses on one side, by O(1/sqrt(n)). Hall's cubic transformation of the t
statistic (1992, Journal of the Royal Statistical Society B 54:221-228) takes that term away as the studentised
bootstrap does, but needs one pass over the contributions. We use it carefully, as simulation taught:

- It may lengthen the reach of a bound, never shorten it: a skewness measured on few rows is noise.
- The skewness is taken to be a standard error worse than measured, in whichever direction is worse.
- The normal quantile is Student's, whose degrees of freedom tell how well the variance itself is known: few for heavy
  tails, where a few contributions make up the variance. With too few the bounds are not known.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from mlops_ci.statistics.confidence import error_rate

FloatArray = npt.NDArray[np.float64]

FEWEST = 4.0
"""With fewer degrees of freedom a few rows make up the variance, and the bounds are not known."""

_DOUBT = 1.0
"""In how many standard errors of the skewness it is taken to be worse than measured."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How a sum of contributions varies.

    Attributes:
        error: The standard error; NaN if a sample has fewer than two contributions.
        skewness: Of the sum, third central moment over the cubed standard error.
        doubt: The standard error of that.
        freedom: Degrees of freedom of the variance (Satterthwaite), kurtosis taken in.
        curvature: What the bending of the estimate adds to the skewness of its t statistic (`smooth.py`).
    """

    error: float
    skewness: float
    doubt: float
    freedom: float
    curvature: float = 0.0

    def reach(self, confidence: float, fewest: float = FEWEST) -> tuple[float, float]:
        """How far the lower bound lies below the value and the upper one above it.

        Returns:
            NaN if the spread is not known well enough, with fewer than `fewest` degrees of freedom.
        """
        if not self.freedom >= fewest or not 0.0 < self.error < math.inf or math.isnan(self.curvature):
            return math.nan, math.nan
        quantile = -float(stdtrit(self.freedom, error_rate(confidence)))
        # Of the expansion of the quantile, skewness comes with (2 q² + 1) / 6 and curvature with (q² + 1) / 2.
        bend = 3.0 * (quantile**2 + 1.0) / (2.0 * quantile**2 + 1.0) * self.curvature
        worse = (self.skewness + bend - _DOUBT * self.doubt, self.skewness + bend + _DOUBT * self.doubt)
        below = max(quantile, *(_untransformed(quantile, skewness) for skewness in worse))
        above = max(quantile, *(-_untransformed(-quantile, skewness) for skewness in worse))
        return self.error * below, self.error * above

    def bounds(self, value: float, confidence: float, fewest: float = FEWEST) -> tuple[float, float]:
        """Lower and upper bound of `value`, each at `confidence`; NaN if not known."""
        below, above = self.reach(confidence, fewest)
        return value - below, value + above

    def bent(self, curvature: float) -> "Spread":
        """The same spread of an estimate that is a bent function of the sum."""
        return replace(self, curvature=curvature)


def spread_of(*samples: FloatArray) -> Spread:
    """The spread of a sum of contributions, each sample's centred at zero.

    Args:
        samples: Of independent samples (of positives and of negatives, say) the contributions of their units to the
            estimate: (x - mean) / n for a mean.
    """
    parts = [_Part.of(sample) for sample in samples]
    variance = sum(part.variance for part in parts)
    if not 0.0 < variance < math.inf:
        return Spread(0.0 if variance == 0.0 else math.nan, 0.0, 0.0, math.nan)
    # Shares before squares: the variances themselves may be too small to square.
    shares = [part.variance / variance for part in parts]
    return Spread(
        error=math.sqrt(variance),
        skewness=sum(part.skewness * share**1.5 for part, share in zip(parts, shares, strict=True)),
        doubt=math.hypot(*(part.doubt * share**1.5 for part, share in zip(parts, shares, strict=True))),
        freedom=1.0 / sum(share**2 / part.freedom for part, share in zip(parts, shares, strict=True)),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """One sample's variance of the sum, its skewness and the doubt in it, and degrees of freedom."""

    variance: float
    skewness: float
    doubt: float
    freedom: float

    @classmethod
    def of(cls, sample: FloatArray) -> "_Part":
        n = len(sample)
        if n < 2:
            return cls(math.nan, math.nan, math.nan, math.nan)
        scale = float(np.abs(sample).max())
        if scale == 0.0:
            return cls(0.0, 0.0, 0.0, n - 1.0)
        scaled = sample / scale
        power = math.sqrt(float(scaled @ scaled) / n)
        unit = scaled / power
        squares = np.square(unit)
        skewness, kurtosis = float(squares @ unit) / n, float(squares @ squares) / n
        # The influence of one row on the skewness of all.
        influence = squares * unit - 3.0 * unit - skewness - 1.5 * skewness * (squares - 1.0)
        return cls(
            variance=(scale * power) ** 2 * n * n / (n - 1),
            skewness=skewness / math.sqrt(n),
            doubt=math.sqrt(float(influence @ influence) / n) / n,
            freedom=2.0 / (max(kurtosis - 3.0, 0.0) / n + 2.0 / (n - 1)),
        )


def _untransformed(quantile: float, skewness: float) -> float:
    """The t at which t + skewness t²/3 + skewness² t³/27 + skewness/6 is the quantile."""
    if abs(skewness) < 1e-6:
        return quantile
    return 3.0 / skewness * (float(np.cbrt(1.0 + skewness * (quantile - skewness / 6.0))) - 1.0)
