"""Metrics that are shares of rows which are right: what exact tests can judge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlops_ci.metrics import Metric, Predictions, RowMeans
from mlops_ci.project.metric_calls import parse_metric

_Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Trials:
    """Independent trials of equal weight. ``rows`` tells which rows they are, where they are not all."""

    successes: _Bools
    rows: _Bools | None = None

    def same_rows(self, other: Trials) -> bool:
        """Whether two models were tried on the same rows, as in a recall and not in a precision."""
        if self.rows is None or other.rows is None:
            return self.rows is other.rows
        return bool(np.array_equal(self.rows, other.rows))


def trials(metric: Metric, form: RowMeans, predictions: Predictions) -> Trials | None:
    """The trials whose share of successes a metric is; None if it is none, or the rows are weighted or grouped.

    A recall is a share of the rows of a class and a precision one of the rows answered so. Given how many those are,
    what is right among them is binomial. A column of nothing but 0 and 1 is taken to be one of marks.
    """
    if predictions.weight is not None or predictions.group is not None or form.per_group:
        return None
    call = parse_metric(metric.name)
    if form.cells is not None and call.name in {"recall", "precision"} and not call.arguments:
        return _of_class(form, predictions, column=1 if call.name == "recall" else 2)
    if form.range_of(predictions) != (0.0, 1.0) and (call.name != "mean" or metric.column is None):
        return None
    moments = form.counted(predictions)
    if moments.shape[1] != 1 or not np.isin(moments, (0.0, 1.0)).all():
        return None
    return Trials(moments[:, 0] == 1.0)


def _of_class(form: RowMeans, predictions: Predictions, column: int) -> Trials | None:
    """Of moments that say of each row whether it is right, of the class, and answered so."""
    if form.cells is None:
        return None
    cells = form.cells(predictions)
    kinds = cells.table.toarray()
    if kinds.shape[1] != 3 or np.isnan(kinds).any():
        return None
    tried: _Bools = (kinds[:, column] == 1.0)[cells.codes]
    right: _Bools = (kinds[:, 0] == 1.0)[cells.codes]
    return Trials(right[tried], tried) if tried.any() else None
