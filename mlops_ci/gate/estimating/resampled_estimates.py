"""Bounds of metrics that are computed again for each set of weights: areas under curves, quantiles, calibration."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_ci.gate.estimating.calibration_estimates import above_noise, between, is_calibration_error
from mlops_ci.gate.estimating.fixed_seed import SEED
from mlops_ci.metrics import Metric, Predictions, Resampled
from mlops_ci.project.metric_calls import parse_metric
from mlops_ci.statistics import (
    LITTLE,
    NO_ROW_DIFFERS,
    Estimate,
    Jackknifed,
    bootstrap_bounds,
    by_influence,
    by_weights,
    jackknife_bounds,
    little_bootstraps,
    paired_quantiles,
    quantile_bounds,
    quantile_known,
)

_FloatArray = npt.NDArray[np.float64]
_Codes = npt.NDArray[np.int64]
_Rows = npt.NDArray[np.integer[Any]]
_Evaluate = Callable[[_FloatArray], _FloatArray]

_SMOOTH = {"pr_auc", "roc_auc"}
"""Small changes of the weights change them a little, as a jackknife needs."""

_FREEDOM = 10.0
"""Degrees of freedom that these need: an area near 1 hangs on a few rows, and most of the variance on fewer."""

_TOO_FEW = "too few rows lie beyond the quantile"

_LEFT_OUT = 2**19
"""Rows times units up to which units are left out one by one: of few, slopes tell a little too little."""

_BLOCKS = 200
"""Rows are left out in so many blocks at most, drawn at random: a block's contribution is the sum of its rows'."""


def resampled_alone(metric: Metric, form: Resampled, predictions: Predictions, confidence: float) -> Estimate:
    """One model's value."""
    probability = _probability(metric)
    if probability is not None and predictions.weight is None and predictions.group is None:
        values = predictions.columns[metric.column or ""]
        value = float(form.prepare(predictions)(np.ones((1, len(values))))[0])
        return quantile_bounds(values, probability, value, confidence)
    if form.influence is not None:
        return _of_slopes(_slopes(form, form.influence, predictions), predictions, confidence, alone=True)
    found = _estimate(metric, predictions, confidence, lambda rows: form.prepare(_some(predictions, rows)), alone=True)
    return above_noise(metric, predictions, found, confidence) if is_calibration_error(metric) else found


def resampled_change(
    metric: Metric, form: Resampled, candidate: Predictions, baseline: Predictions, factor: float, confidence: float
) -> Estimate:
    """Candidate minus ``factor`` times baseline."""
    if is_calibration_error(metric):
        each = (1.0 + confidence) / 2.0
        ours, theirs = (resampled_alone(metric, form, side, each) for side in (candidate, baseline))
        if factor == 1.0 and ours.value == theirs.value and np.array_equal(*_scores(candidate, baseline)):
            return Estimate(0.0, 0.0, 0.0, 0.0, NO_ROW_DIFFERS)
        return between(ours, theirs, factor)
    probability = _probability(metric)
    if probability is not None and candidate.weight is None and candidate.group is None:
        return _quantiles(form, candidate, baseline, metric.column or "", probability, factor, confidence)

    if form.influence is not None:
        new, old = (_slopes(form, form.influence, side) for side in (candidate, baseline))
        return _of_slopes(new.minus(factor, old), candidate, confidence, alone=False)

    def prepare(rows: _Rows | None) -> _Evaluate:
        ours, theirs = form.prepare(_some(candidate, rows)), form.prepare(_some(baseline, rows))
        return lambda weights: ours(weights) - factor * theirs(weights)

    return _estimate(metric, candidate, confidence, prepare, alone=False)


def _slopes(form: Resampled, influence: Callable[[Predictions], _FloatArray], predictions: Predictions) -> Jackknifed:
    units = np.arange(len(predictions)) if predictions.group is None else predictions.group
    if len(units) * (int(units.max(initial=-1)) + 1) <= _LEFT_OUT:
        return by_weights(form.prepare(predictions), units)
    return by_influence(form.prepare(predictions), influence(predictions), units)


def _of_slopes(sample: Jackknifed, predictions: Predictions, confidence: float, *, alone: bool) -> Estimate:
    groups = predictions.group is not None
    return jackknife_bounds(sample, confidence, alone=alone, groups=groups, fewest=_FREEDOM)


def _quantiles(
    form: Resampled,
    candidate: Predictions,
    baseline: Predictions,
    column: str,
    probability: float,
    factor: float,
    confidence: float,
) -> Estimate:
    ours, theirs = (float(form.prepare(side)(np.ones((1, len(side))))[0]) for side in (candidate, baseline))
    columns = candidate.columns[column], baseline.columns[column]
    found = paired_quantiles(*columns, probability, (ours, theirs), factor, confidence)
    if math.isnan(found.lower) or math.isnan(found.upper):
        return replace(found, why_unknown=_TOO_FEW)
    return found


def _estimate(
    metric: Metric,
    predictions: Predictions,
    confidence: float,
    prepare: Callable[[_Rows | None], _Evaluate],
    *,
    alone: bool,
) -> Estimate:
    rows, group = len(predictions), predictions.group
    if group is None and rows > LITTLE:
        return little_bootstraps(prepare, rows, confidence, seed=SEED)
    if parse_metric(metric.name).name in _SMOOTH:
        sample = by_weights(prepare(None), _blocks(rows) if group is None else group)
        return jackknife_bounds(sample, confidence, alone=alone, groups=group is not None, fewest=_FREEDOM)
    units = np.arange(rows) if group is None else group
    probability = _probability(metric)
    if probability is not None and not quantile_known(int(units.max(initial=-1)) + 1, probability, confidence):
        value = float(prepare(None)(np.ones((1, rows)))[0])
        return Estimate.unknown(value, "bootstrap").without_bounds(_TOO_FEW)
    jumps = parse_metric(metric.name).name == "recall_at_precision"
    return bootstrap_bounds(prepare(None), units, confidence, seed=SEED, groups=group is not None, jumps=jumps)


def _scores(candidate: Predictions, baseline: Predictions) -> tuple[_FloatArray, _FloatArray]:
    ours, theirs = (side.require_score().astype(np.float64) for side in (candidate, baseline))
    return ours, theirs


def _some(predictions: Predictions, rows: _Rows | None) -> Predictions:
    return predictions if rows is None else predictions.take(rows)


def _blocks(rows: int) -> _Codes:
    """Which block each row is left out with."""
    codes: _Codes = np.arange(rows) % _BLOCKS
    return np.random.default_rng(SEED).permutation(codes) if rows > _BLOCKS else codes


def _probability(metric: Metric) -> float | None:
    """Which quantile a metric is, if it is one."""
    call = parse_metric(metric.name)
    if call.name == "median":
        return 0.5
    return float(call.arguments[-1]) if call.name == "quantile" else None
