"""Bounds of the calibration error.

It is a sum of distances, which noise only ever lengthens: a model that is perfectly calibrated has an error above zero
in any sample, and resampling adds the noise a second time. So the lower bound takes off what noise alone would come to,
and the two models of a comparison are bounded each for itself, as their noise does not cancel.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from mlops_ci.gate.estimating.fixed_seed import SEED
from mlops_ci.metrics import Metric, Predictions
from mlops_ci.metrics.probabilities import BINS, binned
from mlops_ci.project.metric_calls import parse_metric
from mlops_ci.statistics import Estimate
from mlops_ci.statistics.confidence import normal_quantile

_DRAWS = 2000
_SEEN = 0.99
"""Up to this level so many draws show a quantile."""


def is_calibration_error(metric: Metric) -> bool:
    """Whether these bounds are for it."""
    return parse_metric(metric.name).name == "calibration_error"


def above_noise(metric: Metric, predictions: Predictions, estimate: Estimate, confidence: float) -> Estimate:
    """The estimate of one model, its lower bound being what noise does not explain.

    The distance that is seen is at most the true one and that of the noise together (triangle inequality), so that the
    true one is at least what is seen less a quantile of the noise, which is normal in each bin.
    """
    if math.isnan(estimate.value):
        return estimate
    noise = _noise(predictions, _bins(metric), confidence)
    return replace(estimate, lower=min(max(estimate.value - noise, 0.0), estimate.value))


def between(ours: Estimate, theirs: Estimate, factor: float) -> Estimate:
    """Ours less ``factor`` times theirs, each bounded alone at half the error (Bonferroni: both hold together)."""
    method, found, by_group = ours.method.partition(", by group")
    return Estimate(
        value=ours.value - factor * theirs.value,
        lower=ours.lower - factor * theirs.upper,
        upper=ours.upper - factor * theirs.lower,
        standard_error=math.hypot(ours.standard_error, factor * theirs.standard_error),
        method=f"{method}, each alone{found}{by_group}",
    )


def _noise(predictions: Predictions, bins: int, confidence: float) -> float:
    """What the error of a calibrated model stays below with this confidence."""
    places, probability, came_true = binned(predictions, bins)
    weight = np.ones(len(places)) if predictions.weight is None else predictions.weight
    # Of few rows the squares may all be small by luck; what the probabilities themselves say is not.
    excess = weight * (probability - came_true)
    expected = np.bincount(places, np.square(weight) * probability * (1.0 - probability), bins)
    if predictions.group is None:
        covariance = np.diag(np.maximum(np.bincount(places, np.square(excess), bins), expected))
    else:
        of_group = np.zeros((int(predictions.group.max()) + 1, bins))
        np.add.at(of_group, (predictions.group, places), excess)
        covariance = of_group.T @ of_group
        covariance += np.diag(np.maximum(expected - np.diag(covariance), 0.0))
    values, axes = np.linalg.eigh(covariance)
    root = axes * np.sqrt(np.maximum(values, 0.0))
    drawn = np.random.default_rng(SEED).standard_normal((_DRAWS, bins)) @ root.T
    seen = float(np.quantile(np.abs(drawn).sum(axis=1), min(confidence, _SEEN)))
    if confidence > _SEEN:
        # The draws do not reach so far. A sum of distances is a function of normal values that rises by at most so much
        # with each standard deviation, and so do its quantiles (Borell 1975, Inventiones Mathematicae 30:207-216).
        steepest = math.sqrt(float(np.abs(covariance).sum()))
        seen += steepest * (normal_quantile(confidence) - normal_quantile(_SEEN))
    return seen / float(weight.sum())


def _bins(metric: Metric) -> int:
    arguments = parse_metric(metric.name).arguments
    return int(arguments[0]) if arguments else BINS
