"""Bounds from values on resamples that somebody else has computed."""

import math

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from mlops_ci.statistics.confidence import error_rate, normal_quantile
from mlops_ci.statistics.estimate import Estimate

FloatArray = npt.NDArray[np.float64]


def replicate_bounds(
    value: float,
    replicates: FloatArray,
    jackknife: FloatArray,
    confidence: float,
    *,
    scale: float = 1.0,
    method: str,
) -> Estimate:
    """One-sided bounds from bootstrap replicates.

    With jackknife values they are BCa bounds (Efron 1987, Journal of the American Statistical Association
    82:171-185). Without, they are those of the basic bootstrap, the spread of the replicates scaled: they come from
    smaller resamples (Bickel, Götze & van Zwet 1997, Statistica Sinica 7:1-31).

    A replicate that is NaN counts against both bounds. Where no replicate differs nothing is known of the spread, and
    the bounds are NaN; but those of 0 are 0, as of a model that is compared with itself.

    Args:
        value: The estimate.
        replicates: (B,) its values on resamples.
        jackknife: (J,) its values with a block left out each; empty if there are none.
        confidence: Of each bound.
        scale: By how much the deviations of the replicates are to be multiplied.
        method: The name of the method.
    """
    alpha = error_rate(confidence)
    known = replicates[np.isfinite(replicates)]
    if not len(known) or not math.isfinite(value):
        return Estimate(value, math.nan, math.nan, math.nan, method)
    most = float(np.abs(known).max())  # shares of it before squares, which may be no numbers
    spread = scale * most * float(np.std(known / most)) if most else 0.0
    if not np.ptp(known):
        settled = value if value == 0.0 == known[0] and len(known) == len(replicates) else math.nan
        return Estimate(value, settled, settled, 0.0 if settled == 0.0 else math.nan, method)
    missing = len(replicates) - len(known)
    low = np.sort(np.concatenate([np.full(missing, -np.inf), known]))
    high = np.sort(np.concatenate([known, np.full(missing, np.inf)]))
    if len(jackknife):
        below = float(np.mean(known < value) + 0.5 * np.mean(known == value))
        shift = float(ndtri(min(max(below, 0.5 / len(known)), 1.0 - 0.5 / len(known))))
        skew = _acceleration(jackknife)
        lower = _quantile(low, _adjusted(-normal_quantile(confidence), shift, skew))
        upper = _quantile(high, _adjusted(normal_quantile(confidence), shift, skew))
    else:
        lower = value - scale * (_quantile(high, 1.0 - alpha) - value)
        upper = value + scale * (value - _quantile(low, alpha))
    found = [bound if math.isfinite(bound) else math.nan for bound in (min(lower, value), max(upper, value))]
    return Estimate(value, found[0], found[1], spread, method)


def _adjusted(z: float, shift: float, skew: float) -> float:
    """The level of the replicates' quantile that is the bound at a normal quantile."""
    moved = shift + z
    stretch = 1.0 - skew * moved
    if stretch <= 0.0:
        return math.nan
    return float(ndtr(shift + moved / stretch))


def _acceleration(jackknife: FloatArray) -> float:
    """A sixth of the skewness of the jackknife's influences; NaN if one is missing."""
    with np.errstate(all="ignore"):
        distance = jackknife.mean() - jackknife
        most = float(np.abs(distance).max())
        if most == 0.0:
            return 0.0
        shares = distance / most  # as they are, their squares and cubes may be no numbers
        cubes, squares = float(np.power(shares, 3).sum()), float(np.square(shares).sum())
        return cubes / (6.0 * squares * math.sqrt(squares))


def _quantile(rising: FloatArray, level: float) -> float:
    """The order statistic that is on the safe side of a level; NaN beyond the replicates."""
    if math.isnan(level):
        return math.nan
    number = (len(rising) + 1) * level
    place = math.floor(number) if level < 0.5 else math.ceil(number)
    return float(rising[place - 1]) if 1 <= place <= len(rising) else math.nan
