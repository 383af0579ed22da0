"""Which statistical method answers for which metric."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from mlops_ci.gate.estimating.few_wrong_rows import differing_rows_at_their_worst, wrong_rows_at_their_worst
from mlops_ci.gate.estimating.finite_estimates import finite_alone, finite_change, finite_versus
from mlops_ci.gate.estimating.mean_estimates import means_alone, means_change, means_versus
from mlops_ci.gate.estimating.resampled_estimates import resampled_alone, resampled_change
from mlops_ci.metrics import Metric, PairedRows, Predictions, Resampled, RocArea, RowMeans
from mlops_ci.project.rules import Interval
from mlops_ci.statistics import NO_ROW_DIFFERS, Estimate, delong_paired, delong_single

_FEWEST_FOR_SCORES, _FEWEST_FOR_LABELS = 10, 20
"""Rows that each class needs for metrics of scores, and for those of labels, which have coarser steps. With fewer, what
the class is like has hardly been seen. Chosen by simulation; `benchmarks/gate_calibration` shows what they come to.
"""

_FEWEST_BY_WEIGHT = 20.0
"""Rows or groups that weights, or the sizes of groups, must leave (Kish 1965, Survey Sampling): where a few weigh
nearly all and happen to agree, the spread is that of the others, which hardly count.
"""

_MANY_CLASSES = 20
"""Among more classes than these no single one matters much."""


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
        if _is_unbounded(estimate):
            estimate = wrong_rows_at_their_worst(metric, predictions, confidence) or estimate
    if estimate.method == NO_ROW_DIFFERS:  # of 0 in every row, as of any other value: nobody knows what others bring
        return estimate.without_bounds("all rows are alike")
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
    if estimate.method == NO_ROW_DIFFERS and not _same_answers(metric, candidate, baseline):
        estimate = estimate.without_bounds("no row tells the two apart, though they are not the same")
    if isinstance(form, RowMeans) and _is_unbounded(estimate):
        estimate = differing_rows_at_their_worst(metric, candidate, baseline, factor, confidence) or estimate
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
    return _weighed_enough(metric, candidate, means_versus(metric.form, candidate, baseline, confidence))


def _same_answers(metric: Metric, candidate: Predictions, baseline: Predictions) -> bool:
    """Whether the two say the same of all rows; values that agree are not enough where answers do not."""
    if metric.column is not None:
        return np.array_equal(candidate.columns[metric.column], baseline.columns[metric.column])
    if metric.needs == "columns" and candidate.task == "rows":  # what a function of the user has said of each row
        return True
    return same_answers(candidate, baseline)


def same_answers(candidate: Predictions, baseline: Predictions) -> bool:
    """Whether two models give the same answers on all rows, as far as their files tell."""
    if candidate.task == "rows":
        ours, theirs = candidate.columns, baseline.columns
        return ours.keys() == theirs.keys() and all(np.array_equal(ours[name], theirs[name]) for name in ours)
    if candidate.task in {"binary", "multiclass"} and (candidate.score is None or baseline.score is None):
        return False  # of equal labels the scores may differ
    pairs = [(candidate.prediction, baseline.prediction), (candidate.score, baseline.score)]
    return all(mine is None or other is None or np.array_equal(mine, other) for mine, other in pairs)


def _is_unbounded(estimate: Estimate) -> bool:
    return math.isfinite(estimate.value) and math.isnan(estimate.lower) and math.isnan(estimate.upper)


def _seen_enough(metric: Metric, predictions: Predictions, estimate: Estimate) -> Estimate:
    """The estimate, or one without bounds if a class on which the metric depends has hardly been seen."""
    estimate = _weighed_enough(metric, predictions, estimate)
    labels = isinstance(metric.form, RowMeans) and metric.form.cells is not None
    if not (labels or metric.needs == "score") or predictions.task not in {"binary", "multiclass"}:
        return estimate
    # Exact tests know by themselves how little a few rows say, and so does a difference of nothing.
    if estimate.lower == estimate.upper or estimate.method.startswith(("Clopper", "paired proportions")):
        return estimate
    needed = _FEWEST_FOR_LABELS if labels else _FEWEST_FOR_SCORES
    sizes = _class_sizes(metric, predictions)
    if len(sizes) > _MANY_CLASSES or sizes.min(initial=len(predictions)) >= needed:
        return estimate
    return estimate.without_bounds(f"a class has only {int(sizes.min())} rows, and {needed} are needed")


def _weighed_enough(metric: Metric, predictions: Predictions, estimate: Estimate) -> Estimate:
    """The estimate, or one without bounds if a few rows or groups weigh nearly all."""
    weight, group = predictions.weight, predictions.group
    if isinstance(metric.form, RowMeans) and metric.form.per_group:
        weight, group = metric.form.weights(predictions), None
    if (weight is None and group is None) or estimate.lower == estimate.upper:
        return estimate
    each = np.ones(len(predictions)) if weight is None else weight
    if group is not None:
        each = np.bincount(group, each).astype(np.float64)
    effective = float(each.sum()) ** 2 / float(np.square(each).sum())
    if effective >= _FEWEST_BY_WEIGHT * (1.0 - 1e-9):
        return estimate
    units = "rows" if predictions.group is None else "groups"
    few = f"by their weight the {units} are worth only {effective:.1f}, and {_FEWEST_BY_WEIGHT:.0f} are needed"
    return estimate.without_bounds(few) if not estimate.why_unknown else estimate


def _class_sizes(metric: Metric, predictions: Predictions) -> npt.NDArray[np.int64]:
    """Rows of each class that the metric tells apart: the class that it is of and the others, or all that occur."""
    sizes = np.bincount(predictions.target.astype(np.int64), minlength=len(predictions.classes))
    if metric.of is not None:
        own = sizes[predictions.classes.index(metric.of)]
        return np.array([own, len(predictions) - own])
    return sizes if predictions.task == "binary" else sizes[sizes > 0]
