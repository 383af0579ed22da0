"""Curves of one model's answers, computed from all rows and thinned to what can be drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_ci.metrics.score_curves import roc_auc
from mlops_ci.records.report_details import Calibration, Curve, Residuals

Floats = npt.NDArray[np.floating[Any]]

POINTS = 200
"""The most points of a curve."""
_BINS = 10
_BANDS = 20
_FEWEST_IN_BAND = 5


def thinned(x: Floats, y: Floats, most: int = POINTS) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """At most so many of the points, spread evenly along the curve; the first and the last are among them."""
    if len(x) > most:
        spans = [float(np.ptp(values)) or 1.0 for values in (x, y)]
        steps = np.abs(np.diff(x)) / spans[0] + np.abs(np.diff(y)) / spans[1]
        along = np.concatenate([[0.0], np.cumsum(steps)])
        kept = np.unique(np.searchsorted(along, np.linspace(0.0, along[-1], most)).clip(0, len(x) - 1))
        kept[0], kept[-1] = 0, len(x) - 1
        x, y = x[kept], y[kept]
    return tuple(x.tolist()), tuple(y.tolist())


def score_curves(
    positive: npt.NDArray[np.bool_], score: Floats, weight: npt.NDArray[np.float64] | None
) -> tuple[Curve, Curve] | tuple[None, None]:
    """The ROC curve and that of precision over recall; none if only one class is there.

    Args:
        positive: (n,) True for the positive class.
        score: (n,) higher for more likely positive, without NaN.
        weight: (n,) how much each row counts; None if all count the same.
    """
    if not len(score):
        return None, None
    weights = np.ones(len(score)) if weight is None else weight
    order = np.argsort(-score)
    falling, counts = score[order], weights[order]
    last = np.append(falling[1:] != falling[:-1], True)
    found = np.cumsum(counts * positive[order])[last]
    above = np.cumsum(counts)[last]
    if not 0.0 < found[-1] < above[-1]:
        return None, None
    false = above - found
    recall = found / found[-1]
    reached = above > 0.0  # rows without a weight may come first
    precision = found[reached] / above[reached]
    # Precision falls from threshold to threshold in steps: its area is the sum of them, as `pr_auc` has it.
    average = float((np.diff(recall[reached], prepend=0.0) * precision).sum())
    roc = thinned(np.concatenate([[0.0], false / false[-1]]), np.concatenate([[0.0], recall]))
    return (
        Curve(*roc, area=roc_auc(positive, score, weights)),
        Curve(*thinned(recall[reached], precision), area=average),
    )


def calibration(
    positive: npt.NDArray[np.bool_], score: Floats, weight: npt.NDArray[np.float64] | None
) -> Calibration | None:
    """How often rows with similar scores are positive, in ten bins of equal width; None if scores are no probabilities.

    Args:
        positive: (n,) True for the positive class.
        score: (n,) without NaN.
        weight: (n,) how much each row counts; None if all count the same.
    """
    if not len(score) or score.min() < 0.0 or score.max() > 1.0:
        return None
    weights = np.ones(len(score)) if weight is None else weight
    bins = np.minimum((score * _BINS).astype(np.int64), _BINS - 1)
    total, rows = np.bincount(bins, weights, _BINS), np.bincount(bins, minlength=_BINS)
    there = total > 0.0
    with np.errstate(invalid="ignore"):
        predicted = np.bincount(bins, weights * score, _BINS) / total
        observed = np.bincount(bins, weights * positive, _BINS) / total
    return Calibration(*(tuple(values[there].tolist()) for values in (predicted, observed, rows)))


def residuals(target: Floats, prediction: Floats) -> Residuals | None:
    """Target minus prediction over the prediction; None without rows.

    Args:
        target: (n,) finite.
        prediction: (n,) finite.
    """
    if not len(target):
        return None
    order = np.argsort(prediction, kind="stable")
    across, along = prediction[order], (target - prediction)[order]
    bands = min(_BANDS, max(1, len(order) // _FEWEST_IN_BAND))
    parts = [part for part in np.array_split(np.arange(len(order)), bands) if len(part)]
    tenths = np.array([np.quantile(along[part], [0.1, 0.5, 0.9]) for part in parts])
    # Every so many-th row in the order of predictions, and the largest errors, which nobody should miss.
    shown = np.linspace(0, len(order) - 1, min(len(order), POINTS - 10)).astype(np.int64)
    largest = np.argsort(-np.abs(along), kind="stable")[:10]
    rows = np.unique(np.concatenate([shown, largest]))
    return Residuals(
        Curve(tuple(across[rows].tolist()), tuple(along[rows].tolist())),
        tuple(float(np.median(across[part])) for part in parts),
        *(tuple(column.tolist()) for column in tenths.T),
    )


def spread(values: Floats) -> Curve | None:
    """The share of values that are at most x, from all that are finite; None if none is."""
    finite = np.sort(values[np.isfinite(values)])
    if not len(finite):
        return None
    last = np.append(finite[1:] != finite[:-1], True)
    shares = (np.flatnonzero(last) + 1) / len(finite)
    return Curve(*thinned(finite[last], shares))
