"""Metric values from predictions.

Pure functions of arrays: `Predictions` holds the test rows a model was judged on, `metric_of` finds the metric that a
rule calls, `METRICS` has those without arguments, and `value` computes one. Each metric carries its form (forms.py),
which tells how it can be bounded.
"""

from mlops_ci.metrics.catalogue import METRICS, NAMES, metric_of
from mlops_ci.metrics.forms import Cells, PairedRows, Resampled, RocArea, RowMeans
from mlops_ci.metrics.metric import Metric, row_means, value, why_not
from mlops_ci.metrics.predictions import Predictions, Task

__all__ = [
    "METRICS",
    "NAMES",
    "Cells",
    "Metric",
    "PairedRows",
    "Predictions",
    "Resampled",
    "RocArea",
    "RowMeans",
    "Task",
    "metric_of",
    "row_means",
    "value",
    "why_not",
]
