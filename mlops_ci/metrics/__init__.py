"""Metric values from predictions.

Pure functions of arrays: `Predictions` holds the test rows a model was judged on, `METRICS` is the catalogue,
and `value` computes one metric. A metric that is a smooth function of row means also carries that form
(`RowMeans`), which is what a bootstrap of it needs; ROC AUC depends on ranks and has none.
"""

from mlops_ci.metrics.catalogue import METRICS, Metric, value
from mlops_ci.metrics.predictions import Predictions, Task
from mlops_ci.metrics.row_means import RowMeans

__all__ = ["METRICS", "Metric", "Predictions", "RowMeans", "Task", "value"]
