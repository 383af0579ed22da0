"""Metrics of answers that are numbers. Each has a `moments` function and a `combine`, see `RowMeans`."""

from collections.abc import Callable

import numpy as np
import scipy.special

from mlops_ci.metrics.forms import FloatArray, RowMeans, mean_of_one
from mlops_ci.metrics.predictions import Predictions

_EPSILON = float(np.finfo(np.float64).eps)
_LEAST_VARIANCE = 1e-290
"""Squares that make up a smaller one have lost their digits."""


def _mean(loss: Callable[[FloatArray, FloatArray], FloatArray], limits: tuple[float, float] | None = None) -> RowMeans:
    """The mean of a loss of (truth, answer)."""
    return RowMeans(lambda predictions: loss(*_numbers(predictions))[:, np.newaxis], mean_of_one, range=limits)


def _numbers(predictions: Predictions) -> tuple[FloatArray, FloatArray]:
    return predictions.target.astype(np.float64), predictions.require_prediction().astype(np.float64)


def _squared_error(truth: FloatArray, answer: FloatArray) -> FloatArray:
    squared: FloatArray = np.square(answer - truth)
    return squared


def _share_of_truth(truth: FloatArray, answer: FloatArray) -> FloatArray:
    # np.maximum hands a NaN on.
    share: FloatArray = np.abs(answer - truth) / np.maximum(np.abs(truth), _EPSILON)
    return share


def _share_of_both(truth: FloatArray, answer: FloatArray) -> FloatArray:
    both = np.abs(truth) + np.abs(answer)
    return np.where(both == 0.0, 0.0, 2.0 * np.abs(answer - truth) / np.where(both == 0.0, 1.0, both))


def _poisson(truth: FloatArray, answer: FloatArray) -> FloatArray:
    deviance: FloatArray = 2.0 * (scipy.special.xlogy(truth, truth / answer) - truth + answer)
    return np.where((truth >= 0.0) & (answer > 0.0), deviance, np.nan)


def _gamma(truth: FloatArray, answer: FloatArray) -> FloatArray:
    deviance: FloatArray = 2.0 * (np.log(answer / truth) + truth / answer - 1.0)
    return np.where((truth > 0.0) & (answer > 0.0), deviance, np.nan)


def _root(means: FloatArray) -> FloatArray:
    root: FloatArray = np.sqrt(means[..., 0])
    return root


def _squared_error_and_target(predictions: Predictions) -> FloatArray:
    target, answer = _numbers(predictions)
    # The median lies within one standard deviation of the mean, so that E[y²] - E[y]² loses no digits, and
    # unlike the mean it is exact for a constant target, whose variance must come out as exactly zero.
    counted = target if predictions.weight is None else target[predictions.weight > 0.0]
    centred = target - np.median(counted) if len(counted) else target
    return np.stack([_squared_error(target, answer), centred, np.square(centred)], axis=1)


def _share_explained(means: FloatArray) -> FloatArray:
    variance = means[..., 2] - np.square(means[..., 1])
    defined = np.where(variance > _LEAST_VARIANCE, variance, np.nan)
    return 1.0 - means[..., 0] / defined


def pinball(quantile: float) -> RowMeans:
    """Mean loss of a predicted quantile: `quantile` times what the answer is too low by, or 1 - that if too high.

    In units of the target. It is least for the true quantile (Koenker & Bassett 1978, Econometrica 46:33-50).
    """

    def loss(truth: FloatArray, answer: FloatArray) -> FloatArray:
        short = truth - answer
        return np.where(short >= 0.0, quantile * short, (quantile - 1.0) * short)

    return _mean(loss)


MAE = _mean(lambda truth, answer: np.abs(answer - truth))
"""Mean absolute error, in units of the target. K = 1."""

RMSE = RowMeans(lambda predictions: _squared_error(*_numbers(predictions))[:, np.newaxis], _root)
"""Root of the mean squared error, in units of the target. K = 1: e²."""

R2 = RowMeans(_squared_error_and_target, _share_explained)
"""1 - E[e²] / Var[y]. K = 3: e², y, y², with y taken from its median. NaN for a constant target."""

MAPE = _mean(_share_of_truth)
"""Mean of |e| / |y|, as a fraction. K = 1. As in scikit-learn |y| is no less than float64's eps, so that a truth of
zero gives a huge number."""

SMAPE = _mean(_share_of_both, limits=(0.0, 2.0))
"""Mean of 2 |e| / (|y| + |answer|), a fraction from 0 to 2. K = 1. Where both are zero it is 0."""

POISSON_DEVIANCE = _mean(_poisson)
"""Mean of 2 (y log(y / answer) - y + answer). K = 1. NaN where the truth is negative or the answer not positive."""

GAMMA_DEVIANCE = _mean(_gamma)
"""Mean of 2 (log(answer / y) + y / answer - 1). K = 1. NaN where truth or answer is not positive."""
