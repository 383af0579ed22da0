"""What the predictions of a model look like, as fits its task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from mlops_ci.metrics.confusion import confusion, most_frequent
from mlops_ci.metrics.curves import calibration, residuals, score_curves, spread
from mlops_ci.metrics.predictions import Predictions
from mlops_ci.metrics.ranking import ndcg
from mlops_ci.metrics.score_curves import one_against_rest
from mlops_ci.records.report_details import Answers, ClassCurve, Spread

MOST_CLASS_ROCS = 6
_MOST_SPREADS = 4


def answers_of(predictions: Predictions) -> Answers:
    """Curves and counts of a model's answers; rows whose score or answer is no number are counted and left out."""
    usable = _usable(predictions)
    left = predictions if usable.all() else predictions.take(usable)
    found = Answers(rows=len(predictions), unusable=int(len(predictions) - usable.sum()))
    if not len(left):
        return found
    match left.task:
        case "binary":
            return _binary(left, found)
        case "multiclass":
            return _multiclass(left, found)
        case "regression":
            return _regression(left, found)
        case "ranking":
            queries = spread(ndcg(None).moments(left)[:, 0])
            return replace(found, spreads=(Spread("NDCG of a query", queries, "high"),) if queries else ())
        case "rows":
            return replace(found, spreads=_columns(left))


def _usable(predictions: Predictions) -> npt.NDArray[np.bool_]:
    usable = np.ones(len(predictions), dtype=bool)
    if predictions.score is not None:
        usable &= ~np.isnan(predictions.score) if predictions.score.ndim == 1 else ~np.isnan(predictions.score).any(1)
    if predictions.task in {"regression", "ranking"}:
        usable &= np.isfinite(predictions.target)
    if predictions.task == "regression" and predictions.prediction is not None:
        usable &= np.isfinite(predictions.prediction)
    return usable


def _binary(predictions: Predictions, found: Answers) -> Answers:
    found = replace(found, confusion=confusion(predictions.with_prediction()))
    if predictions.score is None:
        return found
    roc, precision_recall = score_curves(predictions.target, predictions.score, predictions.weight)
    bins = calibration(predictions.target, predictions.score, predictions.weight)
    return replace(found, roc=roc, precision_recall=precision_recall, calibration=bins)


def _multiclass(predictions: Predictions, found: Answers) -> Answers:
    answered = predictions.with_prediction()
    found = replace(found, confusion=confusion(answered))
    if predictions.score is None:
        return found
    # Of many classes the calibration is that of the class that is answered (Guo et al. 2017, ICML, section 2).
    sure = predictions.score[np.arange(len(predictions)), answered.require_prediction()]
    right = answered.require_prediction() == predictions.target
    rocs = tuple(_class_rocs(predictions))
    return replace(found, calibration=calibration(right, sure, predictions.weight), class_rocs=rocs)


def _class_rocs(predictions: Predictions) -> Iterator[ClassCurve]:
    """The ROC curves of the classes with the most rows, each against all others."""
    for code in most_frequent(predictions)[:MOST_CLASS_ROCS]:
        positive, score = one_against_rest(predictions, predictions.classes[code])
        roc, _ = score_curves(positive, score, predictions.weight)
        if roc:
            yield ClassCurve(predictions.classes[code], roc)


def _regression(predictions: Predictions, found: Answers) -> Answers:
    target, prediction = predictions.target, predictions.require_prediction()
    with np.errstate(over="ignore"):
        error = np.abs(target - prediction)
    errors = spread(error)
    if errors is None or not np.isfinite(error).all():  # differences of enormous numbers
        return found
    return replace(found, residuals=residuals(target, prediction), spreads=(Spread("absolute error", errors, "low"),))


def _columns(predictions: Predictions) -> tuple[Spread, ...]:
    curves = [(name, spread(values)) for name, values in list(predictions.columns.items())[:_MOST_SPREADS]]
    return tuple(Spread(name, curve) for name, curve in curves if curve)
