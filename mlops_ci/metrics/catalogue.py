"""The metrics there are, and how to compute one."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mlops_ci.metrics.forms import Resampled, RocArea
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
        higher_is_better: Which direction is an improvement; None where only the user knows, as for `mean(latency)`.
        tasks: The tasks it is defined for.
        needs: Which part of `Predictions` it is computed from, besides the target.
        form: What it is made of, which tells how it can be bounded.
        versus: It compares the rows of two models, as a win rate does, and has no value for one alone.
    """

    name: str
    label: str
    higher_is_better: bool | None
    tasks: frozenset[Task]
    needs: Literal["prediction", "score", "columns"]
    form: RowMeans | Resampled | RocArea
    versus: bool = False


ROC_AREA = RocArea(lambda predictions: (predictions.target, predictions.require_score()))

METRICS: dict[str, Metric] = {
    "accuracy": Metric("accuracy", "accuracy", True, _CLASSIFICATION, "prediction", ACCURACY),
    "roc_auc": Metric("roc_auc", "ROC AUC", True, _BINARY, "score", ROC_AREA),
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
    if isinstance(metric.form, RocArea):
        return roc_auc(*metric.form.rank(predictions))
    if isinstance(metric.form, Resampled):
        return float(metric.form.prepare(predictions)(np.ones((1, len(predictions))))[0])
    # Infinite or huge inputs have a defined outcome (an infinity or NaN), which is the answer, not a warning.
    with np.errstate(all="ignore"):
        moments = metric.form.moments(predictions)
        if not len(moments):
            return float("nan")
        return float(metric.form.combine(moments.mean(axis=0)))
