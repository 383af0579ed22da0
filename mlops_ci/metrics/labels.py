"""Metrics of answers that are classes. All are functions of how many rows have which truth and which answer.

Where a share is one of no rows, a metric of a single class is NaN. Inside an average over classes such a share counts
as 0, as in scikit-learn: a class that is never answered must not drop out of the precision.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import scipy.sparse

from mlops_ci.metrics.forms import Cells, FloatArray, RowMeans, mean_of_one
from mlops_ci.metrics.predictions import Predictions

Average = Literal["macro", "micro", "weighted"]
Share = Callable[[FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""Right answers, truths and answers of a class, each as shares of the rows, to a numerator and a denominator."""


def precision_share(right: FloatArray, actual: FloatArray, answered: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Which share of the rows answered so is so."""
    del actual
    return right, answered


def recall_share(right: FloatArray, actual: FloatArray, answered: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Which share of the rows that are so is answered so."""
    del answered
    return right, actual


def f_share(beta: float) -> Share:
    """The harmonic mean of precision and recall, the latter counting beta times as much (van Rijsbergen 1979)."""
    square = beta * beta

    def share(right: FloatArray, actual: FloatArray, answered: FloatArray) -> tuple[FloatArray, FloatArray]:
        return (1.0 + square) * right, square * actual + answered

    return share


def class_code(predictions: Predictions, name: str | None) -> int:
    """Which class is meant: the one of that name, or the positive one of a binary task.

    Raises:
        ValueError: There is no such class.
    """
    if name is None:
        return 1
    if name not in predictions.classes:
        raise ValueError(f"there is no class {name!r}")
    return predictions.classes.index(name)


def _correct(predictions: Predictions) -> FloatArray:
    correct: FloatArray = (predictions.target == predictions.require_prediction()).astype(np.float64)
    unknown = _unknown(predictions)
    if unknown is not None:
        correct[unknown] = np.nan
    return correct[:, np.newaxis]


def _unknown(predictions: Predictions) -> npt.NDArray[np.bool_] | None:
    """Rows with a NaN score: a derived prediction is meaningless there, and counting it would hide that."""
    if predictions.score is None:
        return None
    missing = np.isnan(predictions.score)
    unknown: npt.NDArray[np.bool_] = missing if missing.ndim == 1 else missing.any(axis=1)
    return unknown if unknown.any() else None


def _cells(codes: npt.NDArray[np.int64], table: Any, unknown: npt.NDArray[np.bool_] | None) -> Cells:
    if unknown is not None:
        codes = np.where(unknown, table.shape[0], codes)
        table = scipy.sparse.vstack([table, np.full((1, table.shape[1]), np.nan)], format="csr")
    return Cells(codes, table)


def _of_one_class(predictions: Predictions, name: str | None) -> Cells:
    """K = 3: right, actual, answered, each 0 or 1. Four cells."""
    code = class_code(predictions, name)
    actual = predictions.target.astype(np.int64) == code
    answered = predictions.require_prediction().astype(np.int64) == code
    table = scipy.sparse.csr_array(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 1.0, 1.0]]))
    return _cells(2 * actual.astype(np.int64) + answered, table, _unknown(predictions))


def _of_all_classes(predictions: Predictions) -> Cells:
    """K = 3 for each class that occurs in truth or answer: right of all, actual of all, answered of all.

    One cell for each pair of truth and answer that occurs.
    """
    target = predictions.target.astype(np.int64)
    answer = predictions.require_prediction().astype(np.int64)
    size = max(len(predictions.classes), 1)
    codes, pairs = _numbered(target * size + answer, size * size)
    truths, answers = pairs // size, pairs % size
    occurring = np.zeros(size, dtype=bool)
    occurring[truths] = occurring[answers] = True
    place, width = np.cumsum(occurring) - 1, int(occurring.sum())
    cell = np.arange(len(pairs))
    right = truths == answers
    rows = np.concatenate([cell[right], cell, cell])
    columns = np.concatenate([place[truths[right]], width + place[truths], 2 * width + place[answers]])
    table = scipy.sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(pairs), 3 * width))
    return _cells(codes, table, _unknown(predictions))


def _numbered(values: npt.NDArray[np.int64], bound: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Values below a bound, numbered without gaps, and the value of each number."""
    if bound > max(len(values), 1 << 16):
        distinct, codes = np.unique(values, return_inverse=True)
        return codes.astype(np.int64), distinct
    occurs = np.bincount(values, minlength=bound) > 0
    return (np.cumsum(occurs) - 1)[values], np.flatnonzero(occurs)


def _from_cells(cells: Callable[[Predictions], Cells], combine: Callable[[FloatArray], FloatArray]) -> RowMeans:
    def moments(predictions: Predictions) -> FloatArray:
        found = cells(predictions)
        rows: FloatArray = found.table.toarray()[found.codes]
        return rows

    return RowMeans(moments, combine, cells=cells)


def _ratio(numerator: FloatArray, denominator: FloatArray, otherwise: float) -> FloatArray:
    defined = denominator > 0.0
    ratio: FloatArray = np.where(defined, numerator / np.where(defined, denominator, 1.0), otherwise)
    return np.where(np.isnan(denominator), np.nan, ratio)


def of_class(share: Share, name: str | None) -> RowMeans:
    """The share for one class; None is the positive class of a binary task. NaN if it is a share of no rows."""

    def combine(means: FloatArray) -> FloatArray:
        return _ratio(*share(means[..., 0], means[..., 1], means[..., 2]), np.nan)

    return _from_cells(lambda predictions: _of_one_class(predictions, name), combine)


def averaged(share: Share, average: Average) -> RowMeans:
    """The share averaged over the classes that occur, in the truth or in the answers.

    Args:
        share: Of one class; where it is one of no rows it counts as 0.
        average: `macro` counts each class once, `weighted` by its rows, `micro` puts the rows of all classes into
            one share, which is the accuracy.
    """
    if average == "micro":
        return ACCURACY

    def combine(means: FloatArray) -> FloatArray:
        right, actual, answered = _by_class(means)
        each = _ratio(*share(right, actual, answered), 0.0)
        counted = actual if average == "weighted" else _indicator(actual + answered)
        return _ratio((counted * each).sum(axis=-1), counted.sum(axis=-1), np.nan)

    return _from_cells(_of_all_classes, combine)


def _by_class(means: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    width = means.shape[-1] // 3
    return means[..., :width], means[..., width : 2 * width], means[..., 2 * width :]


def _indicator(values: FloatArray) -> FloatArray:
    return np.where(np.isnan(values), np.nan, (values > 0.0).astype(np.float64))


def _balanced(means: FloatArray) -> FloatArray:
    right, actual, _ = _by_class(means)
    counted = _indicator(actual)
    return _ratio((counted * _ratio(right, actual, 0.0)).sum(axis=-1), counted.sum(axis=-1), np.nan)


def _correlation(means: FloatArray) -> FloatArray:
    right, actual, answered = _by_class(means)
    total = actual.sum(axis=-1)
    # x (total - x) rather than total - x²: exactly 0 where all rows have the same label.
    spread = (actual * (total[..., np.newaxis] - actual)).sum(axis=-1)
    spread_answered = (answered * (answered.sum(axis=-1)[..., np.newaxis] - answered)).sum(axis=-1)
    together = right.sum(axis=-1) * total - (actual * answered).sum(axis=-1)
    found = _ratio(together, np.sqrt(spread * spread_answered), 0.0)
    return np.where(total > 0.0, found, np.nan)


ACCURACY = RowMeans(_correct, mean_of_one, range=(0.0, 1.0))
"""Share of rows answered right. K = 1: 1.0 if right."""

BALANCED_ACCURACY = _from_cells(_of_all_classes, _balanced)
"""Mean recall of the classes that occur in the truth."""

MCC = _from_cells(_of_all_classes, _correlation)
"""Matthews' correlation coefficient, for any number of classes (Gorodkin 2004, Comput. Biol. Chem. 28:367-374).

0 where all rows have the same truth, or the same answer, as in scikit-learn.
"""
