"""Metrics of a column of the predictions file, whatever the task: latency, revenue, a judge's score."""

import numpy as np

from mlops_ci.metrics.forms import Evaluate, FloatArray, PairedRows, Resampled, RowMeans, mean_of_one, own_weights
from mlops_ci.metrics.predictions import Predictions

_ROUNDING = 1e-12


def mean_of(column: str) -> RowMeans:
    """The mean of a column. K = 1."""
    return RowMeans(lambda predictions: predictions.columns[column][:, np.newaxis], mean_of_one)


def quantile_of(column: str, quantile: float) -> Resampled:
    """The value below which that share of the rows lies; the mean of the two nearest where it falls between rows.

    That is definition 2 of Hyndman & Fan 1996 (The American Statistician 50:361-365). It is the usual median, and a
    row of weight 2 is the same as that row twice.
    """

    def prepare(predictions: Predictions) -> Evaluate:
        values = predictions.columns[column]
        if not len(values) or np.isnan(values).any():
            return lambda given: np.full(len(given), np.nan)
        order = np.argsort(values)
        rising = values[order]

        def evaluate(given: FloatArray) -> FloatArray:
            below = np.cumsum(own_weights(predictions, given)[:, order], axis=1)
            total = below[:, -1:]
            first = (below < (quantile - _ROUNDING) * total).sum(axis=1)
            last = np.minimum((below <= (quantile + _ROUNDING) * total).sum(axis=1), len(rising) - 1)
            with np.errstate(all="ignore"):
                low, high = rising[first], rising[last]
                middle = np.where(low == high, low, low / 2.0 + high / 2.0)
            return np.where(total[:, 0] > 0.0, middle, np.nan)

        return evaluate

    return Resampled(prepare)


def win_rate_by(column: str) -> PairedRows:
    """The share of rows in which the candidate's value is higher than the baseline's; equal ones count half."""

    def moments(candidate: Predictions, baseline: Predictions) -> FloatArray:
        ours, theirs = candidate.columns[column], baseline.columns[column]
        wins = (ours > theirs) + 0.5 * (ours == theirs)
        return np.where(np.isnan(ours) | np.isnan(theirs), np.nan, wins)[:, np.newaxis]

    return PairedRows(moments, range=(0.0, 1.0))
