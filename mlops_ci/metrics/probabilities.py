"""Metrics of probabilities.

A score outside [0, 1] is no probability: its row is NaN, and so is the metric.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from mlops_ci.metrics.forms import Evaluate, FloatArray, Range, Resampled, RowMeans, mean_of_one, own_weights
from mlops_ci.metrics.predictions import Predictions

_EPSILON = float(np.finfo(np.float64).eps)
# A float32 softmax strays outside [0, 1] by a few 1e-7; anything further is not a probability.
_SLACK = 1e-6
_BLOCK = 1 << 20
"""Scores held in a copy at once."""


def _blocks(predictions: Predictions) -> Iterator[tuple[slice, FloatArray, npt.NDArray[np.bool_]]]:
    """(rows, their scores (rows, classes), which rows are no probabilities), a part of the rows at a time."""
    score = predictions.require_score()
    rows = max(1, _BLOCK // max(len(predictions.classes), 1))
    for start in range(0, len(score), rows):
        part = slice(start, start + rows)
        block = score[part].astype(np.float64)
        if block.ndim == 1:
            block = np.stack([1.0 - block, block], axis=1)
        within = (block >= -_SLACK) & (block <= 1.0 + _SLACK)  # a NaN is not
        improper: npt.NDArray[np.bool_] = np.logical_not(within.all(axis=1))
        yield part, block, improper


def _negative_log_likelihood(predictions: Predictions) -> FloatArray:
    target = predictions.target.astype(np.intp)
    losses = np.empty((len(predictions), 1))
    for part, block, improper in _blocks(predictions):
        clipped = np.clip(block, _EPSILON, 1.0 - _EPSILON)
        of_truth = clipped[np.arange(len(block)), target[part]]
        if predictions.task == "multiclass":
            of_truth = of_truth / clipped.sum(axis=1)
        of_truth[improper] = np.nan
        losses[part, 0] = -np.log(of_truth)
    return losses


def _squared_distance(predictions: Predictions) -> FloatArray:
    target = predictions.target.astype(np.intp)
    losses = np.empty((len(predictions), 1))
    for part, scores, improper in _blocks(predictions):
        block = np.clip(scores, 0.0, 1.0)  # or a row strays from where `_brier_range` says it lies
        block[np.arange(len(block)), target[part]] -= 1.0
        losses[part, 0] = np.square(block[:, 1]) if predictions.task == "binary" else np.square(block).sum(axis=1)
        losses[part, 0][improper] = np.nan
    return losses


def _brier_range(predictions: Predictions) -> Range:
    # Nobody makes the scores of several classes add up to 1, where the most would be 2: each adds 1 at most.
    return (0.0, 1.0) if predictions.task == "binary" else (0.0, float(len(predictions.classes)))


BINS = 15
"""Of a calibration error that is asked for without a number; as Guo et al. have it."""


def _confidence(predictions: Predictions) -> tuple[FloatArray, FloatArray]:
    """(n,) a probability, NaN where it is none, and whether what it was given for is so, 0 or 1."""
    confidence, correct = np.empty(len(predictions)), np.empty(len(predictions))
    for part, block, improper in _blocks(predictions):
        given = np.ones(len(block), dtype=np.intp) if predictions.task == "binary" else np.argmax(block, axis=1)
        confidence[part] = block[np.arange(len(block)), given]
        confidence[part][improper] = np.nan
        correct[part] = predictions.target[part] == given
    return confidence, correct


def binned(predictions: Predictions, bins: int) -> tuple[npt.NDArray[np.int64], FloatArray, FloatArray]:
    """What the calibration error is made of: (n,) bins from 0, probabilities, and whether each came true, 0 or 1."""
    confidence, correct = _confidence(predictions)
    places = np.searchsorted(np.linspace(0.0, 1.0, bins + 1)[1:-1], confidence, side="left")
    return places.astype(np.int64), confidence, correct


def calibration_error(bins: int = BINS) -> Resampled:
    """Expected calibration error (Guo et al. 2017, ICML, section 2) with bins of equal width.

    The rows are put into bins ((i-1)/bins, i/bins] by their probability, the first with 0; the distance between the
    mean probability of a bin and its share of rows where it came true is averaged, by rows. The probability is that of
    the positive class in a binary task, and of the most probable class (the first of equals) in a multiclass one.
    """

    def prepare(predictions: Predictions) -> Evaluate:
        places, confidence, correct = binned(predictions, bins)
        if not len(confidence) or np.isnan(confidence).any():
            return lambda given: np.full(len(given), np.nan)
        order = np.argsort(places, kind="stable")
        starts = np.flatnonzero(np.diff(places[order], prepend=-1))
        excess = (confidence - correct)[order]

        def evaluate(given: FloatArray) -> FloatArray:
            weights = own_weights(predictions, given)[:, order]
            with np.errstate(all="ignore"):
                gaps = np.abs(np.add.reduceat(weights * excess, starts, axis=1)).sum(axis=1)
                found: FloatArray = gaps / weights.sum(axis=1)
            return found

        return evaluate

    return Resampled(prepare)


LOG_LOSS = RowMeans(_negative_log_likelihood, mean_of_one)
"""Mean -log of the probability given to the truth, in nats. K = 1.

Probabilities are clipped to [eps, 1 - eps] with float64's eps, as scikit-learn does, and the rows of a
multiclass score are then scaled to sum to one.
"""

BRIER = RowMeans(_squared_distance, mean_of_one, range=_brier_range)
"""Mean squared distance between probabilities and truth. K = 1.

Binary: (p - y)² of the positive class, from 0 to 1. Multiclass: the sum of that over all classes (Brier 1950, Monthly
Weather Review 78:1-3), from 0 to 2, or to the number of classes if the scores of a row do not add up to 1. Both are
scikit-learn's.
"""
