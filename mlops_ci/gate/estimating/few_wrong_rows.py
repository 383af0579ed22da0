"""Bounds of metrics of labels where so few rows count that their spread is not known.

A model that is right in all of 20,000 rows has no spread, and neither do two models that give the same labels. What is
known then is how many such rows there can be, from the exact binomial bound; they are taken to be those that hurt most.
That is a bound for two classes, far from tight, and good enough to tell an excellent model from a poor one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from mlops_ci.metrics import Metric, Predictions, value
from mlops_ci.statistics import Estimate, clopper_pearson
from mlops_ci.statistics.confidence import normal_quantile

_FloatArray = npt.NDArray[np.float64]

_SPLITS = np.linspace(0.0, 1.0, 33)
"""Shares of the wrong rows that are of the positive class."""


def wrong_rows_at_their_worst(metric: Metric, predictions: Predictions, confidence: float) -> Estimate | None:
    """One model's value; None if it is no metric of the labels of two classes, or rows are weighted or grouped.

    Half of the error is spent on how many rows are wrong, half on how many are positive.
    """
    counts = _confusion(metric, predictions)
    if counts is None:
        return None
    rows, error = float(counts.sum()), 1.0 - confidence
    wrong = clopper_pearson(int(counts[0, 1] + counts[1, 0]), int(rows), 1.0 - error / 2.0)
    positive = clopper_pearson(int(counts[1].sum()), int(rows), 1.0 - error / 4.0)
    found = value(metric, predictions)
    many, few = (
        [
            _of_shares(metric, each, predictions.classes)
            for share in (positive.lower, positive.upper)
            for each in _with_wrong(np.diag([1.0 - share, share]), bound)
        ]
        for bound in (wrong.upper, wrong.lower)
    )
    return _estimate(found, min(many), max(few), confidence, "of the wrong rows")


def differing_rows_at_their_worst(
    metric: Metric, candidate: Predictions, baseline: Predictions, factor: float, confidence: float
) -> Estimate | None:
    """Candidate minus ``factor`` times baseline; None as above."""
    counts, ours = _confusion(metric, baseline), _confusion(metric, candidate)
    if counts is None or ours is None or candidate.prediction is None or baseline.prediction is None:
        return None
    rows = int(counts.sum())
    differ = clopper_pearson(int((candidate.prediction != baseline.prediction).sum()), rows, confidence).upper
    shares, before = counts / rows, value(metric, baseline)
    worst = min(_of_shares(metric, each, baseline.classes) for each in _with_wrong(shares, differ))
    mirrored = _with_wrong(shares[:, ::-1], differ)
    best = max(_of_shares(metric, each[:, ::-1], baseline.classes) for each in mirrored)
    found = value(metric, candidate) - factor * before
    return _estimate(found, worst - factor * before, best - factor * before, confidence, "of the rows that differ")


def _confusion(metric: Metric, predictions: Predictions) -> _FloatArray | None:
    """Rows by class (2) and answer (2)."""
    if predictions.task != "binary" or metric.needs != "prediction" or predictions.prediction is None:
        return None
    if predictions.weight is not None or predictions.group is not None:
        return None
    codes = 2 * predictions.target.astype(np.int64) + predictions.prediction.astype(np.int64)
    return np.bincount(codes, minlength=4).reshape(2, 2).astype(np.float64)


def _with_wrong(shares: _FloatArray, wrong: float) -> Iterator[_FloatArray]:
    """The shares with so much more in the wrong cells, of either class in every proportion; at most what is there."""
    for split in _SPLITS:
        moved = np.minimum(np.array([(1.0 - split) * wrong, split * wrong]), np.diag(shares))
        found = shares.copy()
        found[[0, 1], [0, 1]] -= moved
        found[[0, 1], [1, 0]] += moved
        yield found


def _of_shares(metric: Metric, shares: _FloatArray, classes: tuple[str, ...]) -> float:
    weight = shares.ravel()
    there = weight > 0.0
    target, prediction = np.array([False, False, True, True])[there], np.array([False, True, False, True])[there]
    return value(metric, Predictions("binary", target, prediction, None, classes, weight=weight[there]))


def _estimate(found: float, lower: float, upper: float, confidence: float, which: str) -> Estimate | None:
    if not np.isfinite([found, lower, upper]).all():
        return None  # such as the F1 of a class that might have no row
    lower, upper = min(lower, found), max(upper, found)
    quantile = normal_quantile(confidence)
    error = (upper - lower) / (2.0 * quantile) if quantile > 0.0 else 0.0
    return Estimate(found, lower, upper, error, f"exact binomial {which}, at their worst")
