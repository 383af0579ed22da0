"""The power of the gate's test of two proportions on the same rows, exactly."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import bdtrc, gammaln, xlogy

from mlops_ci.statistics.confidence import error_rate, normal_quantile
from mlops_ci.statistics.paired_proportions import BEYOND, HALF_A_ROW

_Counts = npt.NDArray[np.int64]
_Bools = npt.NDArray[np.bool_]
_FloatArray = npt.NDArray[np.float64]

_REACH = 8.0
"""Standard deviations of the number of disagreements that are added up: what is left out is below 1e-14."""


def paired_power(n: int, disagreement: float, change: float, bound: float, confidence: float) -> float:
    """The chance that the lower bound of `paired_proportions` lies above `bound`.

    Rows disagree with probability `disagreement`, and of those that do the candidate is right in
    (disagreement + change) / (2 disagreement). Given how many disagree, the rows in favour are binomial and the
    test passes from some number of them on; the powers are added up over the binomial number of disagreements
    (Connor 1987, Biometrics 43:207-211, who then goes on to an approximation that is not needed here).

    Args:
        n: Rows.
        disagreement: Share of rows that just one of the two gets right.
        change: The true difference of the two proportions, at most `disagreement` in size.
        bound: What the difference has to be above: 0 for a gain, below it for a loss that is allowed.
        confidence: Of the test, in [0.5, 1).

    Raises:
        ValueError: `n` is negative, a share is impossible, or `confidence` is out of range.
    """
    alpha, z = error_rate(confidence), normal_quantile(confidence)
    if n < 0 or not 0.0 <= disagreement <= 1.0 or abs(change) > disagreement:
        raise ValueError(f"no such test: {n} rows, of which {disagreement} disagree and {change} are gained")
    mean, reach = n * disagreement, _REACH * math.sqrt(n * disagreement * (1.0 - disagreement)) + 1.0
    disagreements = np.arange(max(0, math.floor(mean - reach)), min(n, math.ceil(mean + reach)) + 1)
    favour = 0.5 if disagreement == 0.0 else (disagreement + change) / (2.0 * disagreement)
    fewest = fewest_in_favour(disagreements, n, bound, z, alpha)
    reached = np.where(fewest <= 0, 1.0, bdtrc(np.maximum(fewest - 1, 0), disagreements, favour))
    reached = np.where(fewest > disagreements, 0.0, reached)
    return min(1.0, float(_binomial(disagreements, n, disagreement) @ reached))


def fewest_in_favour(disagreements: _Counts, n: int, bound: float, z: float, alpha: float) -> _Counts:
    """From how many rows in favour on `paired_proportions` bounds the difference above `bound`.

    One more than there are disagreements, where no number will do.
    """

    def cleared(gains: _Counts) -> _Bools:
        losses = disagreements - gains
        passes, supported = _clears(gains, losses, n, bound, z), _supported(gains, disagreements, alpha)
        if bound >= 0.0:
            return supported & (passes | (bound < BEYOND / n))
        # A bound above zero that the sign test does not support is that of the nearest weaker outcome.
        bold = passes & _clears(gains, losses, n, 0.0, z) & ~supported
        if not bold.any():
            return passes | supported
        weaker = _first(lambda fewer: _clears(fewer, losses, n, 0.0, z), gains) - 1
        return supported | (passes & (~bold | _clears(weaker, losses, n, bound, z)))

    return _first(cleared, disagreements)


def _supported(gains: _Counts, disagreements: _Counts, alpha: float) -> _Bools:
    """Whether the mid-p sign test finds that the candidate is right in more than half of the disagreements."""
    at_least = np.where(gains <= 0, 1.0, bdtrc(np.maximum(gains - 1, 0), disagreements, 0.5))
    supported: _Bools = (bdtrc(gains, disagreements, 0.5) + at_least) / 2.0 <= alpha
    return supported & (2 * gains > disagreements)


def _first(holds: Callable[[_Counts], _Bools], largest: _Counts) -> _Counts:
    """The smallest count that a condition holds for, each by bisection; it holds for all above one it holds for."""
    low, high = np.zeros_like(largest), largest + 1
    while (open_ := low < high).any():
        middle = (low + high) // 2
        passed = holds(np.minimum(middle, largest)) & (middle <= largest)
        low, high = np.where(open_ & ~passed, middle + 1, low), np.where(open_ & passed, middle, high)
    return low


def _clears(gains: _Counts, losses: _Counts, n: int, bound: float, z: float) -> _Bools:
    """Whether the corrected score of `paired_proportions` excludes a difference of `bound` and all below it."""
    # Seen from the losing side, as a difference of -bound: its restricted estimate is that of the gains.
    difference = -bound
    a = 2.0 * n
    b = (2.0 * n - losses + gains) * difference - gains - losses
    c = -gains * difference * (1.0 - difference)
    root = np.sqrt(np.maximum(b * b - 4.0 * a * c, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(b > 0.0, -2.0 * c / (b + root), (root - b) / a / 2.0)
    gain = np.maximum(gain, max(0.0, -difference))
    loss, neither = gain + difference, 1.0 - 2.0 * gain - difference
    variance = np.maximum(2.0 * gain + difference * (1.0 - difference), 0.0)
    third = gain * (1.0 + difference) ** 3 - loss * (1.0 - difference) ** 3 + neither * difference**3
    with np.errstate(divide="ignore", invalid="ignore"):
        skewness = np.where(variance > 0.0, third / variance, 0.0)
    reach = np.maximum(z * np.sqrt(n * variance) + (z * z - 1.0) / 6.0 * skewness, 0.0) + HALF_A_ROW
    cleared: _Bools = gains - losses - n * bound > reach
    return cleared


def _binomial(counts: _Counts, n: int, chance: float) -> _FloatArray:
    """P(Binomial(n, chance) = count)."""
    logs = gammaln(n + 1) - gammaln(counts + 1) - gammaln(n - counts + 1)
    found: _FloatArray = np.exp(logs + xlogy(counts, chance) + xlogy(n - counts, 1.0 - chance))
    return found
