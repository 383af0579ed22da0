"""Bounds for whatever is a smooth function of the weights of its rows, in closed form.

One jackknife pass gives what each unit (a row, or a group of rows that belong together) contributes to the value, and
how far curvature biases it; the bounds are those of `skewed.py`. The studentised bootstrap reaches the same order, but
not in practice where two models differ in few rows, or the rows have heavy tails: there it is too bold. These cost one
pass, whatever the confidence; `benchmarks/gate_calibration` shows how often they miss.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlops_ci.statistics.confidence import error_rate
from mlops_ci.statistics.estimate import NO_ROW_DIFFERS, Estimate
from mlops_ci.statistics.skewed import FEWEST, spread_of

FloatArray = npt.NDArray[np.float64]

JACKKNIFE = "jackknife, skewness-corrected"
_ROUNDING = 32 * float(np.finfo(np.float64).eps)
"""Relative to the terms that values are differences of: what is smaller is no difference."""

_UNSEEN = 2
"""How often more the largest contribution of a single model is taken to have come."""

FEWEST_GROUPS = 20
"""With fewer groups, how groups differ is not known, whatever the number of rows in them."""


@dataclass(frozen=True, eq=False, slots=True)
class Jackknifed:
    """A value, and what it would be with other weights of its units.

    Attributes:
        value: With all units; NaN if undefined.
        without: (G,) without each unit in turn.
        at: Weights of the units, (2, G), around 1, to (2,) values.
        size: How large the terms are of which the values are differences.
    """

    value: float
    without: FloatArray
    at: Callable[[FloatArray], FloatArray]
    size: float

    def minus(self, factor: float, other: "Jackknifed") -> "Jackknifed":
        """This value less `factor` times the other's, unit by unit."""
        return Jackknifed(
            value=self.value - factor * other.value,
            without=self.without - factor * other.without,
            at=lambda weights: self.at(weights) - factor * other.at(weights),
            size=self.size + factor * other.size,
        )


def jackknife_bounds(
    sample: Jackknifed,
    confidence: float,
    *,
    alone: bool = False,
    groups: bool = False,
    fewest: float = FEWEST,
) -> Estimate:
    """Bounds from leaving out each unit in turn.

    The jackknife of Quenouille and Tukey (Efron & Stein 1981, Annals of Statistics 9:586-596) for bias and variance,
    Hall's transformation for skewness, and for curvature the second-order term of a studentised smooth function
    (Hall 1992, The Bootstrap and Edgeworth Expansion, section 3.10), from two more values.

    Where nothing differs from unit to unit, the bounds are the value if it is 0 with and without any unit (a model
    compared with itself); otherwise they are NaN, as nothing is known about the spread.

    Args:
        sample: The value and its jackknife.
        confidence: Of each bound, in [0.5, 1).
        alone: The value of one model, whose rows may be long-tailed with the tail unseen: the variance is taken as
            though the unit that contributes most had come three times. (Between two models tails cancel.)
        groups: The units are groups, of which fewer than twenty are too few.
        fewest: Degrees of freedom that the variance needs.

    Returns:
        Bounds NaN with fewer than two units or where the units do not settle them.

    Raises:
        ValueError: `confidence` is out of range.
    """
    error_rate(confidence)
    n, value = len(sample.without), sample.value
    method = f"{JACKKNIFE}, by group, {n:,} groups" if groups else JACKKNIFE
    if n < 2 or not math.isfinite(value) or not np.isfinite(sample.without).all():
        return Estimate.unknown(value if math.isfinite(value) else math.nan, method)
    mean = float(sample.without.mean())
    contributions = (mean - sample.without) * ((n - 1) / n)
    if float(np.abs(contributions).max()) <= _ROUNDING * max(sample.size, abs(value)):
        if value == 0.0 and not sample.without.any():
            return Estimate(0.0, 0.0, 0.0, 0.0, NO_ROW_DIFFERS)
        return Estimate.unknown(value, method)
    spread = spread_of(contributions)
    if groups and n < FEWEST_GROUPS:
        return Estimate(value, math.nan, math.nan, spread.error, method)
    # One standard error each way in the direction in which the value varies most.
    step = contributions / math.sqrt(float(contributions @ contributions))
    with np.errstate(all="ignore"):
        ahead, back = sample.at(1.0 + np.stack([step, -step]))
    curvature = (float(ahead) - value + (float(back) - value)) / spread.error
    if alone:
        most = contributions[np.abs(contributions).argmax()]
        spread = spread_of(np.append(contributions, [most] * _UNSEEN))
    lower, upper = spread.bent(curvature).bounds(value - (n - 1) * (mean - value), confidence, fewest)
    return Estimate(value, _least(lower, value), -_least(-upper, -value), spread.error, method)


def _least(bound: float, value: float) -> float:
    return bound if math.isnan(bound) else min(bound, value)
