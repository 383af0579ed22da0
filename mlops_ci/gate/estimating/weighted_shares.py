"""Floors of the bounds of shares of weighted rows.

Where a few rows weigh nearly all and happen to agree, the spread that a jackknife sees is that of the others, which
hardly count. So no bound is nearer to the share than that of as many rows of equal weight as these are worth (Kish
1965, Survey Sampling): for one model Clopper-Pearson's with that number (Korn & Graubard 1998, Survey Methodology
24:193-201), for two the bound of paired proportions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mlops_ci.gate.estimating.shares import Trials, trials
from mlops_ci.metrics import Metric, Predictions, RowMeans
from mlops_ci.statistics import Estimate, paired_proportions
from mlops_ci.statistics.confidence import error_rate
from mlops_ci.statistics.proportion import beta_bound

_FloatArray = npt.NDArray[np.float64]
_Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class WeightedTrials:
    """Trials, and what each weighs."""

    found: Trials
    weight: _FloatArray

    @property
    def successes(self) -> _Bools:
        """Which of them succeed."""
        return self.found.successes

    def same_rows(self, other: WeightedTrials) -> bool:
        """As that of trials."""
        return self.found.same_rows(other.found)


def weighted_trials(metric: Metric, form: RowMeans, predictions: Predictions) -> WeightedTrials | None:
    """The trials whose weighted share of successes a metric is; None if it is none, or the rows have no weights."""
    if predictions.weight is None:
        return None
    found = trials(metric, form, replace(predictions, weight=None, group=None))
    if found is None:
        return None
    weight = predictions.weight if found.rows is None else predictions.weight[found.rows]
    return WeightedTrials(found, weight) if weight.sum() > 0.0 else None


def floor_alone(tried: WeightedTrials, confidence: float) -> tuple[float, float]:
    """How far the bounds of a share lie below and above it, at least."""
    rows, alpha = _worth(tried.weight), error_rate(confidence)
    share = float(tried.weight[tried.successes].sum() / tried.weight.sum())
    return share - beta_bound(share * rows, rows, alpha), 1.0 - beta_bound((1.0 - share) * rows, rows, alpha) - share


def floor_paired(
    only_ours: _Bools, only_theirs: _Bools, weight: _FloatArray, confidence: float, *, of_each: float = 1.0
) -> tuple[float, float]:
    """The same of a difference of two shares, a row of which counts ``of_each``."""
    rows = max(1, math.floor(_worth(weight)))
    gains, losses = (round(float(weight[which].sum() / weight.sum()) * rows) for which in (only_ours, only_theirs))
    floor = paired_proportions(min(gains, rows - losses), losses, rows, confidence)
    return of_each * (floor.value - floor.lower), of_each * (floor.upper - floor.value)


def no_tighter(estimate: Estimate, floor: tuple[float, float]) -> Estimate:
    """The estimate with bounds at least so far away; what is not known stays so."""
    if estimate.lower == estimate.upper:
        return estimate
    below, above = estimate.value - floor[0], estimate.value + floor[1]
    return replace(
        estimate,
        lower=estimate.lower if math.isnan(estimate.lower) else min(estimate.lower, below),
        upper=estimate.upper if math.isnan(estimate.upper) else max(estimate.upper, above),
    )


def _worth(weight: _FloatArray) -> float:
    return float(weight.sum()) ** 2 / float(weight @ weight)
