"""The area under the ROC curve, and the difference of two on the same rows."""

import math

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, stdtrit

from mlops_ci.statistics.confidence import error_rate
from mlops_ci.statistics.estimate import Estimate
from mlops_ci.statistics.jackknife import FEWEST_GROUPS
from mlops_ci.statistics.placements import FloatArray, Placements, Scores, placements, same_order
from mlops_ci.statistics.proportion import beta_bound
from mlops_ci.statistics.skewed import Spread

Groups = npt.NDArray[np.int64]

_FREEDOM = 8.0
"""Degrees of freedom that a difference needs: near areas of 1 a few rows make it up, and others were as likely."""

_FEWEST = 10
"""With fewer rows of a class nothing is known of how areas vary."""


def delong_single(
    target: npt.NDArray[np.bool_],
    score: Scores,
    confidence: float,
    weight: FloatArray | None = None,
    group: Groups | None = None,
) -> Estimate:
    """One area under the ROC curve.

    DeLong's variance on the logit scale, which keeps the bounds inside (0, 1) (Qin & Hotilovac 2008, Statistical
    Methods in Medical Research 17:207-221). With tens of rows of a class and an area near 1 that variance is
    too small: the rows that would make it larger have not been seen. So a bound is also held to the score interval
    with Hanley & McNeil's variance (Newcombe 2006, Statistics in Medicine 25:559-573, method 5), which takes its
    variance from the area that is asked about, and the wider of the two is given.

    DeLong's variance is zero for perfect separation (and for constant scores), where it knows nothing. Then the
    rows are thought of as k = min(m, n) disjoint pairs of a positive and a negative. Whether the positive
    scores higher is one Bernoulli trial a pair with the area as its chance, so Clopper-Pearson on k trials
    bounds it; for an area of 1 the lower bound is (1 - confidence)^(1/k), exactly valid. The standard error
    is then the binomial one, with two successes and two failures added.

    Args:
        target: (rows,) True for the positive class.
        score: (rows,) higher for more likely positive.
        confidence: Of each bound, in [0.5, 1).
        weight: (rows,) how much each counts.
        group: (rows,) codes of rows that belong together.

    Returns:
        Bounds NaN with fewer than ten rows of a class, or twenty groups, and everything NaN with no row of a class or a
        NaN score. With weights or groups, bounds are also NaN where the variance is zero.

    Raises:
        ValueError: `target` and `score` differ in shape, or `confidence` is out of range.
    """
    alpha = error_rate(confidence)
    found = placements(target, score, weight)
    area, plain = found.area, weight is None and group is None
    if math.isnan(area) or found.smaller_class < 2:
        return Estimate.unknown(area, "DeLong, logit")
    if not found.vary():
        return _separated(area, found.smaller_class, alpha) if plain else Estimate.unknown(area, "DeLong")
    spread, method = _spread(found, target, group, "DeLong, logit")
    if found.smaller_class < _FEWEST or _few(group) or not spread.freedom > 1.0:
        return Estimate(area, math.nan, math.nan, spread.error, method)
    quantile = -float(stdtrit(spread.freedom, alpha))
    reach = quantile * spread.error / (area * (1.0 - area))
    # Weights and groups leave fewer rows' worth than there are: as many as the variances compare.
    worth = 1.0 if plain else min(1.0, (found.spread().error / spread.error) ** 2) * _kish(weight)
    sizes = (len(found.positives) * worth, len(found.negatives) * worth)
    return Estimate(
        value=area,
        lower=min(area, float(expit(logit(area) - reach)), _score_lower(area, sizes, quantile)),
        upper=max(area, float(expit(logit(area) + reach)), 1.0 - _score_lower(1.0 - area, sizes, quantile)),
        standard_error=spread.error,
        method=method,
    )


def delong_paired(
    target: npt.NDArray[np.bool_],
    score_candidate: Scores,
    score_baseline: Scores,
    factor: float,
    confidence: float,
    weight: FloatArray | None = None,
    group: Groups | None = None,
) -> Estimate:
    """Area of the candidate less `factor` times the area of the baseline, on the same rows.

    DeLong, DeLong & Clarke-Pearson 1988 (Biometrics 44:837-845, equation 8 with the contrast (1, -factor)),
    corrected for skewness and small classes as `skewed.py` tells: symmetric bounds, with tens of rows of a class and
    areas that are far apart with one near 1, miss too often.

    Where that variance is zero:

    - Two scores that put all rows in the same order have the same area whatever the rows, so with a factor of
      1 the difference is 0 and both bounds are too.
    - Otherwise (both separate the classes perfectly, say) the variance knows nothing. Each area is bounded
      alone as in `delong_single`, at half the error rate, and the two bounds are subtracted (Bonferroni: both
      hold together).

    Args:
        target: (rows,) True for the positive class.
        score_candidate: (rows,) higher for more likely positive.
        score_baseline: (rows,) on any scale of its own.
        factor: What the baseline's area is multiplied by; 1 for the plain difference. Finite, not negative.
        confidence: Of each bound, in [0.5, 1).
        weight: (rows,) how much each counts.
        group: (rows,) codes of rows that belong together.

    Returns:
        As `delong_single`.

    Raises:
        ValueError: The arrays differ in shape, or `factor` or `confidence` is out of range.
    """
    alpha = error_rate(confidence)
    if not 0.0 <= factor < math.inf:
        raise ValueError(f"factor must be finite and not negative; got {factor}")
    candidate, baseline = placements(target, score_candidate, weight), placements(target, score_baseline, weight)
    difference = candidate.area - factor * baseline.area
    if math.isnan(difference) or candidate.smaller_class < 2:
        return Estimate.unknown(difference, "DeLong, paired")
    contrast = candidate.minus(factor, baseline)
    if contrast.vary():
        spread, method = _spread(contrast, target, group, "DeLong, paired")
        if candidate.smaller_class < _FEWEST or _few(group):
            return Estimate(difference, math.nan, math.nan, spread.error, method)
        lower, upper = spread.bounds(difference, confidence, _FREEDOM)
        return Estimate(difference, _clip(lower, -factor, 1.0), _clip(upper, -factor, 1.0), spread.error, method)
    if factor == 1.0 and same_order(score_candidate, score_baseline):
        return Estimate(0.0, 0.0, 0.0, 0.0, "same order of all rows")
    each = 1.0 - alpha / 2.0
    alone_candidate = delong_single(target, score_candidate, each, weight, group)
    alone_baseline = delong_single(target, score_baseline, each, weight, group)
    return Estimate(
        value=difference,
        lower=alone_candidate.lower - factor * alone_baseline.upper,
        upper=alone_candidate.upper - factor * alone_baseline.lower,
        standard_error=math.hypot(alone_candidate.standard_error, factor * alone_baseline.standard_error),
        method="each area alone, Bonferroni",
    )


def _separated(area: float, pairs: int, alpha: float) -> Estimate:
    smoothed = (area * pairs + 2.0) / (pairs + 4.0)
    return Estimate(
        value=area,
        lower=beta_bound(area * pairs, pairs, alpha),
        upper=1.0 - beta_bound((1.0 - area) * pairs, pairs, alpha),
        standard_error=math.sqrt(smoothed * (1.0 - smoothed) / (pairs + 4.0)),
        method="Clopper\u2013Pearson on disjoint pairs",
    )


def _spread(found: Placements, target: npt.NDArray[np.bool_], group: Groups | None, method: str) -> tuple[Spread, str]:
    if group is None:
        return found.spread(), method
    groups = int(group.max()) + 1
    return found.spread_by_group(target, group), f"{method}, by group, {groups:,} groups"


def _few(group: Groups | None) -> bool:
    return group is not None and int(group.max()) + 1 < FEWEST_GROUPS


def _kish(weight: FloatArray | None) -> float:
    """How many rows of equal weight each row is worth (Kish 1965)."""
    return 1.0 if weight is None else float(weight.sum() ** 2 / (weight @ weight) / len(weight))


def _score_lower(area: float, sizes: tuple[float, float], quantile: float) -> float:
    """The area from which the measured one is `quantile` standard errors away, by bisection."""
    low, high = 0.0, area
    while low < (middle := (low + high) / 2) < high:
        if area - middle > quantile * _hanley_error(middle, sizes):
            low = middle
        else:
            high = middle
    return low


def _hanley_error(area: float, sizes: tuple[float, float]) -> float:
    """Standard error of an area (Hanley & McNeil 1982, Radiology 143:29-36), either class having the longer tail."""
    of_positives = area / (2.0 - area) - area * area
    of_negatives = 2.0 * area * area / (1.0 + area) - area * area
    shared = (of_positives + of_negatives) / 2.0
    m, n = sizes
    return math.sqrt(max(area * (1.0 - area) / (m * n) + shared * (1.0 / m + 1.0 / n), 0.0))


def _clip(bound: float, low: float, high: float) -> float:
    return bound if math.isnan(bound) else min(max(bound, low), high)
