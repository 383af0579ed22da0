"""Which statistical method answers for which metric."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlops_ci.gate.finite_estimates import finite_alone, finite_change, finite_versus
from mlops_ci.gate.mean_estimates import means_alone, means_change, means_versus
from mlops_ci.gate.resampled_estimates import resampled_alone, resampled_change
from mlops_ci.metrics import Metric, PairedRows, Predictions, Resampled, RocArea
from mlops_ci.project.rules import Interval
from mlops_ci.statistics import Estimate, delong_paired, delong_single

_FEWEST_OF_CLASS = 10
"""Rows of either class that a metric of scores needs; with fewer, what the class is like has hardly been seen."""


def estimate_alone(
    metric: Metric, predictions: Predictions, confidence: float, interval: Interval = "usual"
) -> Estimate:
    """The metric's value with one-sided bounds."""
    if interval != "usual":
        return finite_alone(metric, predictions, confidence, interval)
    form = metric.form
    if isinstance(form, PairedRows):
        raise ValueError(f"{metric.label} compares two models")
    if isinstance(form, RocArea):
        positive, score = form.rank(predictions)
        weight, group = predictions.weight, predictions.group
        estimate = delong_single(positive, score.astype(np.float64), confidence, weight, group)
    elif isinstance(form, Resampled):
        estimate = resampled_alone(metric, form, predictions, confidence)
    else:
        estimate = means_alone(metric, form, predictions, confidence)
    return _seen_enough(metric, predictions, estimate)


def estimate_change(
    metric: Metric,
    candidate: Predictions,
    baseline: Predictions,
    factor: float,
    confidence: float,
    interval: Interval = "usual",
) -> Estimate:
    """Candidate minus ``factor`` times baseline, with one-sided bounds; the rows of the two are paired."""
    if interval != "usual":
        return finite_change(metric, candidate, baseline, factor, confidence, interval)
    form = metric.form
    if isinstance(form, PairedRows):
        raise ValueError(f"{metric.label} is itself a comparison")
    if isinstance(form, RocArea):
        (positive, ours), (_, theirs) = form.rank(candidate), form.rank(baseline)
        scores = ours.astype(np.float64), theirs.astype(np.float64)
        estimate = delong_paired(positive, *scores, factor, confidence, candidate.weight, candidate.group)
    elif isinstance(form, Resampled):
        estimate = resampled_change(metric, form, candidate, baseline, factor, confidence)
    else:
        estimate = means_change(metric, form, candidate, baseline, factor, confidence)
    return _seen_enough(metric, candidate, estimate)


def estimate_versus(
    metric: Metric, candidate: Predictions, baseline: Predictions, confidence: float, interval: Interval = "usual"
) -> Estimate:
    """The value of a metric that compares the rows of two models, with one-sided bounds.

    Raises:
        ValueError: it is another kind of metric.
    """
    if not isinstance(metric.form, PairedRows):
        raise ValueError(f"{metric.label} is not a comparison of rows")
    if interval != "usual":
        return finite_versus(metric.form, candidate, baseline, confidence, interval)
    return means_versus(metric.form, candidate, baseline, confidence)


def _seen_enough(metric: Metric, predictions: Predictions, estimate: Estimate) -> Estimate:
    """The estimate, or one without bounds if a class of which the metric depends has hardly been seen."""
    if metric.needs != "score" or predictions.task not in {"binary", "multiclass"} or estimate.lower == estimate.upper:
        return estimate
    if predictions.task == "multiclass" and metric.of is None:
        return estimate
    fewest = int(min(_sides(metric, predictions).values()))
    if fewest >= _FEWEST_OF_CLASS or estimate.method.startswith("Clopper"):
        return estimate
    return estimate.without_bounds(f"only {fewest} rows are of one class, and {_FEWEST_OF_CLASS} are needed")


def _sides(metric: Metric, predictions: Predictions) -> dict[bool, int]:
    code = predictions.classes.index(metric.of) if metric.of is not None else 1
    positive: npt.NDArray[np.bool_] = predictions.target.astype(np.int64) == code
    return {True: int(positive.sum()), False: int((~positive).sum())}
