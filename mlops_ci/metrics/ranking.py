"""Metrics of the order of documents, one value a group: the documents of one query."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlops_ci.metrics.forms import FloatArray, RowMeans, mean_of_one
from mlops_ci.metrics.predictions import Predictions

_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class _Order:
    """Rows sorted by group, and by falling value within each."""

    rows: _Ints  # (n,)
    group: _Ints  # (n,) of each sorted row
    rank: _Ints  # (n,) from 0 within its group
    starts: _Ints  # of each run of equal values of one group


def _order(group: _Ints, values: FloatArray) -> _Order:
    rows = np.lexsort((-values, group))
    groups, falling = group[rows], values[rows]
    changes = (groups[1:] != groups[:-1]) | (falling[1:] != falling[:-1])
    starts = np.append(0, np.flatnonzero(changes) + 1) if len(rows) else np.zeros(0, dtype=np.int64)
    sizes = np.bincount(group)
    return _Order(rows, groups, np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes), starts)


def _parts(predictions: Predictions) -> tuple[_Ints, FloatArray, FloatArray]:
    """Group, relevance and score of each row."""
    if predictions.group is None:
        raise ValueError("this metric needs groups: the documents of one query")
    return predictions.group, predictions.target.astype(np.float64), predictions.require_score().astype(np.float64)


def _unknown(group: _Ints, relevance: FloatArray, score: FloatArray) -> npt.NDArray[np.bool_]:
    """Which groups have a score that is NaN, or a relevance that is none."""
    unjudged = np.isnan(score) | ~(relevance >= 0.0) | np.isinf(relevance)
    return np.bincount(group, unjudged) > 0


def ndcg(depth: int | None) -> RowMeans:
    """Normalised discounted cumulative gain (Järvelin & Kekäläinen 2002, ACM TOIS 20:422-446), the mean over groups.

    The gain of a document is its relevance, divided by log2(1 + its rank), ranks above `depth` counting nothing, and
    all that by the gain of the best order. Documents of equal score share their places evenly (McSherry & Najork 2008,
    ECIR). A group without a relevant document counts as 0. That is scikit-learn's `ndcg_score` for groups of any size.
    """

    def gains(order: _Order, relevance: FloatArray, groups: int) -> FloatArray:
        discount = 1.0 / np.log2(order.rank + 2.0)
        if depth is not None:
            discount[order.rank >= depth] = 0.0
        if not len(order.rows):
            return np.zeros(groups)
        sizes = np.diff(np.append(order.starts, len(order.rows)))
        shared = np.add.reduceat(discount, order.starts) / sizes * np.add.reduceat(relevance[order.rows], order.starts)
        total = np.bincount(order.group[order.starts], shared, minlength=groups)
        return total.astype(np.float64)

    def moments(predictions: Predictions) -> FloatArray:
        group, relevance, score = _parts(predictions)
        unknown = _unknown(group, relevance, score)
        found = gains(_order(group, score), relevance, len(unknown))
        best = gains(_order(group, relevance), relevance, len(unknown))
        values = np.where(best > 0.0, found / np.where(best > 0.0, best, 1.0), 0.0)
        return np.where(unknown, np.nan, values)[:, np.newaxis]

    return RowMeans(moments, mean_of_one, per_group=True, range=(0.0, 1.0))


def mean_average_precision(depth: int | None) -> RowMeans:
    """Mean over groups of the average precision at the ranks of the relevant documents, those of relevance above 0.

    Documents of equal score all have the rank of the last of them, so that without `depth` a group has scikit-learn's
    `average_precision_score`. With it, ranks above count nothing, and the sum is divided by the number of relevant
    documents or `depth`, whichever is less. A group without a relevant document counts as 0.
    """

    def moments(predictions: Predictions) -> FloatArray:
        group, relevance, score = _parts(predictions)
        unknown = _unknown(group, relevance, score)
        if not len(group):
            return np.zeros((0, 1))
        order = _order(group, score)
        relevant = (relevance[order.rows] > 0.0).astype(np.float64)
        totals = np.bincount(order.group, relevant)
        found = np.cumsum(relevant) - (np.cumsum(totals) - totals)[order.group]
        lasts = np.append(order.starts[1:], len(relevant)) - 1
        rank = order.rank[lasts] + 1
        gained = np.add.reduceat(relevant, order.starts) * found[lasts] / rank
        if depth is not None:
            gained[rank > depth] = 0.0
        total = np.bincount(order.group[lasts], gained)
        possible = totals if depth is None else np.minimum(totals, depth)
        values = np.where(totals > 0.0, total / np.where(totals > 0.0, possible, 1.0), 0.0)
        return np.where(unknown, np.nan, values)[:, np.newaxis]

    return RowMeans(moments, mean_of_one, per_group=True, range=(0.0, 1.0))
