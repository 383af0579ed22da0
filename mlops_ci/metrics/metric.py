"""A metric, and how to compute its value."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mlops_ci.metrics.forms import FloatArray, Form, PairedRows, Resampled, RocArea, RowMeans
from mlops_ci.metrics.predictions import Predictions, Task
from mlops_ci.metrics.score_curves import roc_auc


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of the catalogue, with its arguments.

    Attributes:
        name: How it is written in configuration and records, such as `f_beta(2, macro)`.
        label: The name for people, such as "F2, macro".
        higher_is_better: Which direction is an improvement; None where only the user knows, as for `mean(latency)`.
        tasks: The tasks it is defined for.
        needs: Which part of `Predictions` it is computed from, besides the target.
        form: What it is made of, which tells how it can be bounded.
        versus: It compares the rows of two models, as a win rate does, and has no value for one alone.
        of: The class it is asked for.
        column: The column it is computed from, if it needs one.
    """

    name: str
    label: str
    higher_is_better: bool | None
    tasks: frozenset[Task]
    needs: Literal["prediction", "score", "columns"]
    form: Form
    versus: bool = False
    of: str | None = None
    column: str | None = None


def why_not(metric: Metric, predictions: Predictions) -> str | None:
    """Why a metric cannot be computed from these predictions, for a reader; None if it can."""
    if predictions.task not in metric.tasks:
        return f"{metric.label} is not defined for a {predictions.task} task"
    if metric.needs == "score" and predictions.score is None:
        return "there are no scores to compute it from"
    if metric.needs == "prediction" and predictions.prediction is None:
        if predictions.score is not None:
            return "the scores are no probabilities, and there is no prediction column"
        return "there are no predictions to compute it from"
    if metric.of is not None and metric.of not in predictions.classes:
        known = ", ".join(predictions.classes[:5]) + (", …" if len(predictions.classes) > 5 else "")
        return f"there is no class {metric.of!r}, only {known}"
    if metric.column is not None and metric.column not in predictions.columns:
        return f"there is no column {metric.column!r}"
    return None


def value(metric: Metric, predictions: Predictions, baseline: Predictions | None = None) -> float:
    """The metric on these rows, by their weights.

    Args:
        metric: What to compute.
        predictions: The model's.
        baseline: Those of the model it is compared with, row by row; only for a metric that is `versus` another model.

    Returns:
        NaN where the metric is undefined: no rows, one class only (ROC AUC), a constant target (R²), or a NaN
        among the numbers it is computed from.

    Raises:
        ValueError: The metric is not defined for the task, or what it needs is absent.
    """
    problem = why_not(metric, predictions)
    if problem:
        raise ValueError(problem)
    form = metric.form
    # Infinite or huge inputs have a defined outcome (an infinity or NaN), which is the answer, not a warning.
    with np.errstate(all="ignore"):
        if isinstance(form, RocArea):
            return roc_auc(*form.rank(predictions), predictions.weight)
        if isinstance(form, Resampled):
            return float(form.prepare(predictions)(np.ones((1, len(predictions))))[0])
        if isinstance(form, PairedRows):
            if baseline is None:
                raise ValueError(f"{metric.label} compares two models")
            return float(_means(form.moments(predictions, baseline), predictions.weight)[0])
        return float(form.combine(row_means(form, predictions)))


def row_means(form: RowMeans, predictions: Predictions) -> FloatArray:
    """(K,) the means of a metric's moments, by the rows' weights; NaN if there are no rows, or none that counts."""
    if form.cells is None:
        return _means(form.counted(predictions), form.weights(predictions))
    cells, weights = form.cells(predictions), form.weights(predictions)
    held = np.bincount(cells.codes, weights, minlength=cells.table.shape[0])
    total = held.sum() if weights is not None else len(cells.codes)
    if not total:
        return np.full(cells.table.shape[1], np.nan)
    means: FloatArray = (held @ cells.table) / total
    return means


def _means(moments: FloatArray, weights: FloatArray | None) -> FloatArray:
    total = len(moments) if weights is None else weights.sum()
    if not total:
        return np.full(moments.shape[1], np.nan)
    means: FloatArray = moments.mean(axis=0) if weights is None else weights @ moments / total
    return means
