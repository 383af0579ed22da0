"""Metrics that are smooth functions of row means.

Each has a `moments` function, one row of K numbers a test row, and a `combine` function from the means of
those columns to the metric. Weighting or resampling rows then needs the moments only, never the predictions.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlops_ci.metrics.predictions import Predictions

FloatArray = npt.NDArray[np.float64]

_EPSILON = float(np.finfo(np.float64).eps)
# A float32 softmax strays outside [0, 1] by a few 1e-7; anything further is not a probability.
_PROBABILITY_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class RowMeans:
    """A metric as a function of row means.

    Attributes:
        moments: Predictions of n rows to (n, K) float64. A row that cannot be judged is NaN.
        combine: Means of those columns, (..., K), to the metric, (...); NaN where it is undefined.
        per_group: One row of moments a group, in the order of their codes, instead of one a row.
        range: Where the value of a row lies, if it is bounded and the metric is the mean of one moment: only then
            are there bounds that hold for any number of rows.
    """

    moments: Callable[[Predictions], FloatArray]
    combine: Callable[[FloatArray], FloatArray]
    per_group: bool = False
    range: tuple[float, float] | None = None


def _only_mean(means: FloatArray) -> FloatArray:
    return means[..., 0]


def _correct(predictions: Predictions) -> FloatArray:
    correct: FloatArray = (predictions.target == predictions.require_prediction()).astype(np.float64)
    if predictions.score is not None:
        # A derived prediction is meaningless where the score is NaN, and counting it would hide that.
        unknown = np.isnan(predictions.score)
        correct[unknown if unknown.ndim == 1 else unknown.any(axis=1)] = np.nan
    return correct[:, np.newaxis]


def _negative_log_likelihood(predictions: Predictions) -> FloatArray:
    score = predictions.require_score().astype(np.float64)
    if predictions.task == "binary":
        score = np.stack([1.0 - score, score], axis=1)
    off_range = (score < -_PROBABILITY_SLACK) | (score > 1.0 + _PROBABILITY_SLACK)
    clipped = np.clip(score, _EPSILON, 1.0 - _EPSILON)
    if predictions.task == "multiclass":
        clipped /= clipped.sum(axis=1, keepdims=True)
    of_truth = clipped[np.arange(len(score)), predictions.target.astype(np.intp)]
    # A NaN anywhere in the row spoils it, though the entry of the true class may be a number.
    of_truth[off_range.any(axis=1) | np.isnan(score).any(axis=1)] = np.nan
    return -np.log(of_truth)[:, np.newaxis]


def _error(predictions: Predictions) -> FloatArray:
    return predictions.require_prediction().astype(np.float64) - predictions.target.astype(np.float64)


def _absolute_error(predictions: Predictions) -> FloatArray:
    return np.abs(_error(predictions))[:, np.newaxis]


def _squared_error(predictions: Predictions) -> FloatArray:
    return np.square(_error(predictions))[:, np.newaxis]


def _root(means: FloatArray) -> FloatArray:
    root: FloatArray = np.sqrt(means[..., 0])
    return root


def _squared_error_and_target(predictions: Predictions) -> FloatArray:
    target = predictions.target.astype(np.float64)
    # The median lies within one standard deviation of the mean, so that E[y²] - E[y]² loses no digits, and
    # unlike the mean it is exact for a constant target, whose variance must come out as exactly zero.
    centred = target - np.median(target) if len(target) else target
    return np.stack([np.square(_error(predictions)), centred, np.square(centred)], axis=1)


def _share_explained(means: FloatArray) -> FloatArray:
    variance = means[..., 2] - np.square(means[..., 1])
    defined = np.where(variance > 0.0, variance, np.nan)
    return 1.0 - means[..., 0] / defined


ACCURACY = RowMeans(_correct, _only_mean, range=(0.0, 1.0))
"""Share of rows answered right. K = 1: 1.0 if right."""

LOG_LOSS = RowMeans(_negative_log_likelihood, _only_mean)
"""Mean -log of the probability given to the truth, in nats. K = 1.

Probabilities are clipped to [eps, 1 - eps] with float64's eps, as scikit-learn does, and the rows of a
multiclass score are then scaled to sum to one. A row with a score outside [0, 1] is NaN: it is no
probability.
"""

MAE = RowMeans(_absolute_error, _only_mean)
"""Mean absolute error, in units of the target. K = 1."""

RMSE = RowMeans(_squared_error, _root)
"""Root of the mean squared error, in units of the target. K = 1: e²."""

R2 = RowMeans(_squared_error_and_target, _share_explained)
"""1 - E[e²] / Var[y]. K = 3: e², y, y², with y taken from its median. NaN for a constant target."""
