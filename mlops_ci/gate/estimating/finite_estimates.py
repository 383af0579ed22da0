"""Bounds that hold for any number of rows, where a rule asks for them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from mlops_ci.gate.estimating.fixed_seed import SEED
from mlops_ci.gate.estimating.shares import trials
from mlops_ci.metrics import Metric, PairedRows, Predictions, RowMeans, value
from mlops_ci.project.rules import Interval
from mlops_ci.statistics import Estimate, bernstein_bounds, betting_bounds, clopper_pearson, exact_paired

_FloatArray = npt.NDArray[np.float64]
_Range = tuple[float, float]


def finite_alone(metric: Metric, predictions: Predictions, confidence: float, interval: Interval) -> Estimate:
    """One model's value."""
    form = metric.form
    if interval == "exact":
        found = trials(metric, form, predictions) if isinstance(form, RowMeans) else None
        if found is None:
            return _none(value(metric, predictions), metric, interval, predictions)
        return clopper_pearson(int(found.successes.sum()), len(found.successes), confidence)
    bounded = _bounded(metric, predictions)
    if bounded is None:
        return _none(value(metric, predictions), metric, interval, predictions)
    values, (low, high) = bounded
    return _mean(values, low, high, confidence, interval)


def finite_change(
    metric: Metric,
    candidate: Predictions,
    baseline: Predictions,
    factor: float,
    confidence: float,
    interval: Interval,
) -> Estimate:
    """Candidate minus ``factor`` times baseline."""
    form, change = metric.form, value(metric, candidate) - factor * value(metric, baseline)
    if interval == "exact":
        sides = [trials(metric, form, side) for side in (candidate, baseline)] if isinstance(form, RowMeans) else []
        ours, theirs = sides if factor == 1.0 and sides else (None, None)
        if ours is None or theirs is None or not ours.same_rows(theirs):
            return _none(change, metric, interval, candidate)
        only_ours = int((ours.successes & ~theirs.successes).sum())
        only_theirs = int((~ours.successes & theirs.successes).sum())
        return exact_paired(only_ours, only_theirs, len(ours.successes), confidence)
    found, before = _bounded(metric, candidate), _bounded(metric, baseline)
    if found is None or before is None:
        return _none(change, metric, interval, candidate)
    (low, high), (lowest, highest) = found[1], before[1]  # a baseline may know more classes
    differences = found[0] - factor * before[0]
    return _mean(differences, low - factor * highest, high - factor * lowest, confidence, interval)


def finite_versus(
    form: PairedRows, candidate: Predictions, baseline: Predictions, confidence: float, interval: Interval
) -> Estimate:
    """The mean of what comes of comparing each row of the two."""
    won = form.moments(candidate, baseline)[:, 0]
    if candidate.weight is not None or candidate.group is not None:
        return Estimate.unknown(float(won.mean()), interval).without_bounds(_WEIGHTED)
    if interval == "exact":
        wins, losses = int((won == 1.0).sum()), int((won == 0.0).sum())
        found = exact_paired(wins, losses, len(won), confidence)
        halves = {name: 0.5 + getattr(found, name) / 2.0 for name in ("value", "lower", "upper")}
        return replace(found, **halves, standard_error=found.standard_error / 2.0)
    return _mean(won, *form.range, confidence, interval)


_WEIGHTED = "there are no finite-sample bounds for rows with weights or groups"


def _mean(values: _FloatArray, low: float, high: float, confidence: float, interval: Interval) -> Estimate:
    if interval == "bernstein":
        return bernstein_bounds(values, low, high, confidence)
    return betting_bounds(values, low, high, confidence, seed=SEED)


def _bounded(metric: Metric, predictions: Predictions) -> tuple[_FloatArray, _Range] | None:
    """The values whose mean a metric is, and where they lie; None if there are no such."""
    form = metric.form
    if not isinstance(form, RowMeans) or predictions.weight is not None:
        return None
    limits = form.range_of(predictions)
    if limits is None or (predictions.group is not None and not form.per_group):
        return None
    return form.counted(predictions)[:, 0], limits


def _none(found: float, metric: Metric, interval: Interval, predictions: Predictions) -> Estimate:
    weighted = predictions.weight is not None or predictions.group is not None
    why = _WEIGHTED if weighted else f"{metric.label} has no {interval} bounds: take interval: usual"
    return Estimate.unknown(found, interval).without_bounds(why)
