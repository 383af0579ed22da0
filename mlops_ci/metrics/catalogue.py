"""The metrics there are, and how to compute one."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mlops_ci.metrics.predictions import Predictions, Task
from mlops_ci.metrics.roc_auc import roc_auc
from mlops_ci.metrics.row_means import ACCURACY, LOG_LOSS, MAE, R2, RMSE, RowMeans

_CLASSIFICATION: frozenset[Task] = frozenset({"binary", "multiclass"})
_BINARY: frozenset[Task] = frozenset({"binary"})
_REGRESSION: frozenset[Task] = frozenset({"regression"})


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of the catalogue.

    Attributes:
        name: The key used in configuration and records.
        label: The name for people.
        higher_is_better: Which direction is an improvement.
        tasks: The tasks it is defined for.
        needs: Which part of `Predictions` it is computed from, besides the target.
        row_means: The metric as a smooth function of row means, or None for ROC AUC, which depends on ranks.
    """

    name: str
    label: str
    higher_is_better: bool
    tasks: frozenset[Task]
    needs: Literal["prediction", "score"]
    row_means: RowMeans | None


METRICS: dict[str, Metric] = {
    "accuracy": Metric("accuracy", "accuracy", True, _CLASSIFICATION, "prediction", ACCURACY),
    "roc_auc": Metric("roc_auc", "ROC AUC", True, _BINARY, "score", None),
    "log_loss": Metric("log_loss", "log loss", False, _CLASSIFICATION, "score", LOG_LOSS),
    "rmse": Metric("rmse", "RMSE", False, _REGRESSION, "prediction", RMSE),
    "mae": Metric("mae", "MAE", False, _REGRESSION, "prediction", MAE),
    "r2": Metric("r2", "R²", True, _REGRESSION, "prediction", R2),
}
"""Every metric by name."""


def value(metric: Metric, predictions: Predictions) -> float:
    """The metric on these rows.

    Returns:
        NaN where the metric is undefined: no rows, one class only (ROC AUC), a constant target (R²), or a NaN
        among the numbers it is computed from.

    Raises:
        ValueError: The metric is not defined for the task, or what it needs is absent.
    """
    if predictions.task not in metric.tasks:
        raise ValueError(f"{metric.label} is not defined for a {predictions.task} task")
    if metric.row_means is None:
        return roc_auc(predictions.target, predictions.require_score())
    # Infinite or huge inputs have a defined outcome (an infinity or NaN), which is the answer, not a warning.
    with np.errstate(all="ignore"):
        moments = metric.row_means.moments(predictions)
        if not len(moments):
            return float("nan")
        return float(metric.row_means.combine(moments.mean(axis=0)))
