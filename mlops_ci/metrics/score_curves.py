"""Metrics of how scores order the rows: areas and points of the ROC and precision-recall curves.

Equal scores are one point of the curve, as no threshold can tell them apart.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mlops_ci.metrics.forms import Evaluate, FloatArray, Resampled, RocArea, own_weights
from mlops_ci.metrics.labels import class_code
from mlops_ci.metrics.predictions import Predictions

Scores = npt.NDArray[np.floating[Any]]
Summary = Callable[[FloatArray, FloatArray], FloatArray]
"""Weight of the positive rows (B, T) and of all rows (B, T) at or above each of T falling scores, to (B,)."""


def one_against_rest(predictions: Predictions, name: str | None) -> tuple[npt.NDArray[np.bool_], Scores]:
    """Which rows are of the class, and scores that are the higher the more likely they are.

    Args:
        predictions: Of a binary or multiclass task, with scores.
        name: The class; None is the positive one of a binary task.

    Raises:
        ValueError: There is no such class, or there are no scores.
    """
    code, score = class_code(predictions, name), predictions.require_score()
    positive = predictions.target.astype(np.int64) == code
    if predictions.task == "binary":
        return positive, score if code == 1 else -score
    return positive, score[:, code]


def roc_area(name: str | None) -> RocArea:
    """The area under the ROC curve of a class."""
    return RocArea(lambda predictions: one_against_rest(predictions, name))


def _curve(positive: npt.NDArray[np.bool_], score: Scores, summary: Summary) -> Evaluate:
    if not len(score) or np.isnan(score).any():
        return lambda weights: np.full(len(weights), np.nan)
    order = np.argsort(-score)
    falling, hit = score[order], positive[order]
    last = np.append(falling[1:] != falling[:-1], True)
    ends = slice(None) if last.all() else np.flatnonzero(last)

    def evaluate(weights: FloatArray) -> FloatArray:
        ordered = weights[:, order]
        above = np.cumsum(ordered, axis=1)[:, ends]
        ordered *= hit
        with np.errstate(all="ignore"):
            return summary(np.cumsum(ordered, axis=1)[:, ends], above)

    return evaluate


def _area_under_roc(found: FloatArray, above: FloatArray) -> FloatArray:
    """Probability that a positive row scores above a negative one, ties counting half: the Mann-Whitney form.

    Hanley & McNeil 1982, Radiology 143, section "The meaning of the area".
    """
    false = above - found
    steps = np.diff(false, axis=1, prepend=0.0)
    before = np.concatenate([np.zeros((len(found), 1)), found[:, :-1]], axis=1)
    pairs = found[:, -1] * false[:, -1]
    total = (steps * (found + before)).sum(axis=1) / 2.0
    return np.where(pairs > 0.0, total / np.where(pairs > 0.0, pairs, 1.0), np.nan)


def _average_precision(found: FloatArray, above: FloatArray) -> FloatArray:
    """The sum of (recall - the recall before) times precision over all scores: no line is drawn between points."""
    precision = found / np.where(above > 0.0, above, 1.0)
    total = found[:, -1]
    found_sum = (np.diff(found, axis=1, prepend=0.0) * precision).sum(axis=1)
    return np.where(total > 0.0, found_sum / np.where(total > 0.0, total, 1.0), np.nan)


def _recall_at(precision: float) -> Summary:
    def summary(found: FloatArray, above: FloatArray) -> FloatArray:
        # 4 of 5 rows are a precision of 0.8, whatever the rounding.
        precise = (found >= precision * above * (1.0 - 1e-12)) & (above > 0.0)
        total = found[:, -1]
        most = np.where(precise, found, 0.0).max(axis=1)
        return np.where(total > 0.0, most / np.where(total > 0.0, total, 1.0), np.nan)

    return summary


def roc_auc(positive: npt.NDArray[np.bool_], score: Scores, weight: FloatArray | None = None) -> float:
    """The area under the ROC curve.

    Args:
        positive: (n,) True for the positive class.
        score: (n,) higher for more likely positive.
        weight: (n,) how much each row counts.

    Returns:
        A number in [0, 1]; NaN if only one class is present or any score is NaN.
    """
    weights = np.ones(len(score)) if weight is None else weight
    return float(_curve(positive, score, _area_under_roc)(weights[np.newaxis])[0])


def _of_class(summary: Summary, name: str | None) -> Resampled:
    def prepare(predictions: Predictions) -> Evaluate:
        curve = _curve(*one_against_rest(predictions, name), summary)
        return lambda given: curve(own_weights(predictions, given))

    return Resampled(prepare)


def _averaged(summary: Summary, average: Literal["macro", "weighted"]) -> Resampled:
    """Each class against the rest, averaged over the classes for which there is a value.

    Which those are depends on the truth alone, so that two models are averaged over the same.
    """

    def prepare(predictions: Predictions) -> Evaluate:
        target = predictions.target.astype(np.int64)
        occurring = np.flatnonzero(np.bincount(target, minlength=len(predictions.classes)))
        members = [target == code for code in occurring]
        curves = [_curve(*one_against_rest(predictions, predictions.classes[code]), summary) for code in occurring]
        spoilt = bool(np.isnan(predictions.require_score()).any())

        def evaluate(given: FloatArray) -> FloatArray:
            weights = own_weights(predictions, given)
            total, counted = np.zeros(len(given)), np.zeros(len(given))
            for member, curve in zip(members, curves, strict=True):
                found = curve(weights)
                defined = np.isfinite(found)
                share = np.where(defined, weights @ member if average == "weighted" else 1.0, 0.0)
                total += share * np.where(defined, found, 0.0)
                counted += share
            known = (counted > 0.0) & (not spoilt)
            return np.where(known, total / np.where(known, counted, 1.0), np.nan)

        return evaluate

    return Resampled(prepare)


def averaged_roc_auc(average: Literal["macro", "weighted"]) -> Resampled:
    """The mean ROC AUC of each class against the rest, over the classes that occur, but not in all rows."""
    return _averaged(_area_under_roc, average)


def pr_auc(name: str | None) -> Resampled:
    """Average precision of a class: scikit-learn's `average_precision_score`. NaN if no row is of the class."""
    return replace(_of_class(_average_precision, name), influence=lambda rows: _precision_slopes(rows, name))


def _precision_slopes(predictions: Predictions, name: str | None) -> FloatArray:
    """What each row adds to the average precision, in O(n log n).

    That is the sum over falling scores b of p_b P_b / N_b, divided by all positive weight: p_b is that of the rows at
    the score, P_b and N_b the weights of positive and of all rows at or above it. The weight of a row enters its own
    p_b, and P_b and N_b at its score and all lower ones.
    """
    positive, score = one_against_rest(predictions, name)
    if not len(score) or np.isnan(score).any():
        return np.full(len(score), np.nan)
    weight = np.ones(len(score)) if predictions.weight is None else predictions.weight
    place = np.unique(-score, return_inverse=True)[1]
    here, all_here = np.bincount(place, weight * positive), np.bincount(place, weight)
    found, above = np.cumsum(here), np.cumsum(all_here)
    with np.errstate(all="ignore"):
        precision = np.where(above > 0.0, found / above, 0.0)
        share = np.where(above > 0.0, here / above, 0.0)
        later, lost = (np.cumsum(terms[::-1])[::-1] for terms in (share, share * precision))
        total = found[-1]
        average = float(here @ precision) / total
        slopes: FloatArray = (positive * (precision + later - average)[place] - lost[place]) / total
    return slopes * weight


def averaged_pr_auc(average: Literal["macro", "weighted"]) -> Resampled:
    """The mean average precision of each class against the rest, over the classes that occur."""
    return _averaged(_average_precision, average)


def recall_at_precision(precision: float, name: str | None) -> Resampled:
    """The highest recall of all thresholds on the score that have at least that precision.

    0 if none has; NaN if no row is of the class.
    """
    return _of_class(_recall_at(precision), name)
