"""Bounds of metrics that are functions of means."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from mlops_ci.gate.estimating.shares import Trials, trials
from mlops_ci.gate.estimating.weighted_shares import floor_alone, floor_paired, no_tighter, weighted_trials
from mlops_ci.metrics import Metric, PairedRows, Predictions, RowMeans
from mlops_ci.statistics import (
    FEWEST_GROUPS,
    Estimate,
    Jackknifed,
    by_cells,
    by_means,
    by_ratios,
    by_weighted_cells,
    clopper_pearson,
    jackknife_bounds,
    paired_proportions,
)

_FloatArray = npt.NDArray[np.float64]

_LABELS_FREEDOM = 10.0
"""Degrees of freedom that a metric of labels needs: as many as five rows give in which two models differ."""


def means_alone(metric: Metric, form: RowMeans, predictions: Predictions, confidence: float) -> Estimate:
    """One model's value."""
    found = trials(metric, form, predictions)
    if found is not None:
        return clopper_pearson(int(found.successes.sum()), len(found.successes), confidence)
    estimate = _bounds(_jackknifed(form, predictions), form, predictions, confidence, alone=True)
    tried = weighted_trials(metric, form, predictions)
    return estimate if tried is None else no_tighter(estimate, floor_alone(tried, confidence))


def means_change(
    metric: Metric, form: RowMeans, candidate: Predictions, baseline: Predictions, factor: float, confidence: float
) -> Estimate:
    """Candidate minus ``factor`` times baseline."""
    ours, theirs = (trials(metric, form, side) for side in (candidate, baseline)) if factor == 1.0 else (None, None)
    if ours is not None and theirs is not None and ours.same_rows(theirs):
        return _paired(ours, theirs, confidence)
    change = _jackknifed(form, candidate).minus(factor, _jackknifed(form, baseline))
    estimate = _bounds(change, form, candidate, confidence, alone=False)
    tried, before = (weighted_trials(metric, form, side) for side in (candidate, baseline))
    if factor != 1.0 or tried is None or before is None or not tried.same_rows(before):
        return estimate
    differ = tried.successes & ~before.successes, ~tried.successes & before.successes
    return no_tighter(estimate, floor_paired(*differ, tried.weight, confidence))


def means_versus(form: PairedRows, candidate: Predictions, baseline: Predictions, confidence: float) -> Estimate:
    """The mean of what comes of comparing each row of the two."""
    won = form.moments(candidate, baseline)
    weight, group = candidate.weight, candidate.group
    if weight is None and group is None and not np.isnan(won).any():
        # The share of wins, ties half, is (1 + wins less losses, as a share) / 2.
        wins, losses = int((won == 1.0).sum()), int((won == 0.0).sum())
        difference = paired_proportions(wins, losses, len(won), confidence)
        return replace(
            difference,
            value=0.5 + difference.value / 2.0,
            lower=0.5 + difference.lower / 2.0,
            upper=0.5 + difference.upper / 2.0,
            standard_error=difference.standard_error / 2.0,
        )
    means = RowMeans(lambda _: won, lambda values: values[..., 0])
    estimate = _bounds(_jackknifed(means, candidate), means, candidate, confidence, alone=False)
    if weight is None or np.isnan(won).any():
        return estimate
    return no_tighter(estimate, floor_paired(won[:, 0] == 1.0, won[:, 0] == 0.0, weight, confidence, of_each=0.5))


def _paired(ours: Trials, theirs: Trials, confidence: float) -> Estimate:
    only_ours = int((ours.successes & ~theirs.successes).sum())
    only_theirs = int((~ours.successes & theirs.successes).sum())
    return paired_proportions(only_ours, only_theirs, len(ours.successes), confidence)


def _bounds(
    sample: Jackknifed, form: RowMeans, predictions: Predictions, confidence: float, *, alone: bool
) -> Estimate:
    estimate = jackknife_bounds(
        sample,
        confidence,
        alone=alone,
        groups=form.per_group or predictions.group is not None,
        **({"fewest": _LABELS_FREEDOM} if form.cells is not None else {}),
    )
    if estimate.lower == estimate.lower or estimate.upper == estimate.upper:
        return estimate
    return replace(estimate, why_unknown=_why_unknown(sample, predictions, form))


def _why_unknown(sample: Jackknifed, predictions: Predictions, form: RowMeans) -> str:
    units = "groups" if form.per_group or predictions.group is not None else "rows"
    if units == "groups" and len(sample.without) < FEWEST_GROUPS:
        return f"only {len(sample.without)} groups, and {FEWEST_GROUPS} are needed"
    return f"it hangs on too few of the {len(sample.without):,} {units}"


def _jackknifed(form: RowMeans, predictions: Predictions) -> Jackknifed:
    weight, group = form.weights(predictions), None if form.per_group else predictions.group
    if form.cells is not None:
        cells = form.cells(predictions)
        if weight is None and group is None:
            return by_cells(cells.codes, cells.table, form.combine)
        rows = len(predictions)
        weights = np.ones(rows) if weight is None else weight
        units = np.arange(rows) if group is None else group
        return by_weighted_cells(cells.codes, cells.table, form.combine, weights, units)
    with np.errstate(all="ignore"):
        moments = form.counted(predictions)
    if weight is None and group is None:
        return by_means(moments, form.combine)
    weights = np.ones(len(moments)) if weight is None else weight
    weighted = moments * weights[:, np.newaxis]
    if group is None:
        return by_ratios(weighted, weights, form.combine)
    sums = np.stack([np.bincount(group, column) for column in weighted.T], axis=1).astype(np.float64)
    return by_ratios(sums, np.bincount(group, weights).astype(np.float64), form.combine)
