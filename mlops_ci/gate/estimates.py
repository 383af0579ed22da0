"""Which statistical method answers for which metric."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlops_ci.metrics import Metric, Predictions
from mlops_ci.metrics.forms import PairedRows, Resampled, RocArea
from mlops_ci.statistics import (
    Estimate,
    bootstrap_moments,
    clopper_pearson,
    delong_paired,
    delong_single,
    paired_proportions,
)

# The same evidence must give the same verdict, whoever asks and however often.
_SEED = 20_130_101
_FloatArray = npt.NDArray[np.float64]


def estimate_alone(metric: Metric, predictions: Predictions, confidence: float) -> Estimate:
    """The metric's value with one-sided bounds."""
    form = metric.form
    if isinstance(form, RocArea):
        return delong_single(predictions.target, predictions.require_score().astype(np.float64), confidence)
    if isinstance(form, Resampled | PairedRows):
        raise NotImplementedError
    moments = form.moments(predictions)
    if metric.name == "accuracy" and not np.isnan(moments).any():
        return clopper_pearson(int(moments.sum()), len(moments), confidence)
    return bootstrap_moments(moments, form.combine, confidence, seed=_SEED)


def estimate_change(
    metric: Metric, candidate: Predictions, baseline: Predictions, factor: float, confidence: float
) -> Estimate:
    """Candidate minus ``factor`` times baseline, with one-sided bounds; the rows of the two are paired."""
    form = metric.form
    if isinstance(form, RocArea):
        return delong_paired(
            candidate.target,
            candidate.require_score().astype(np.float64),
            baseline.require_score().astype(np.float64),
            factor,
            confidence,
        )
    if isinstance(form, Resampled | PairedRows):
        raise NotImplementedError
    ours, theirs = form.moments(candidate), form.moments(baseline)
    if metric.name == "accuracy" and factor == 1.0 and not (np.isnan(ours).any() or np.isnan(theirs).any()):
        only_ours = int(((ours == 1) & (theirs == 0)).sum())
        only_theirs = int(((ours == 0) & (theirs == 1)).sum())
        return paired_proportions(only_ours, only_theirs, len(ours), confidence)
    width, combine = ours.shape[1], form.combine

    def difference(means: _FloatArray) -> _FloatArray:
        return combine(means[..., :width]) - factor * combine(means[..., width:])

    return bootstrap_moments(np.hstack([ours, theirs]), difference, confidence, seed=_SEED)
