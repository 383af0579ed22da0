"""Who is taken for whom, for as many classes as can be looked at."""

from __future__ import annotations

import numpy as np

from mlops_ci.metrics.predictions import Predictions
from mlops_ci.records.report_details import Confusion

MOST_CLASSES = 30


def most_frequent(predictions: Predictions) -> list[int]:
    """The codes of all classes, those with the most rows first, then by name; the truth alone decides."""
    names = predictions.classes
    rows = np.bincount(predictions.target.astype(np.int64), minlength=len(names))
    return sorted(range(len(names)), key=lambda code: (-rows[code], names[code]))


def confusion(predictions: Predictions) -> Confusion | None:
    """Rows by true and by answered class, weighted as they are; None without answers or classes.

    Of more than 30 classes those with the most rows are told apart; all others are one.
    """
    if predictions.prediction is None or not predictions.classes:
        return None
    target, answer = (codes.astype(np.int64) for codes in (predictions.target, predictions.prediction))
    names, total = predictions.classes, len(predictions.classes)
    places, kept, others = np.arange(total), list(range(total)), 0
    if total > MOST_CLASSES:
        kept = most_frequent(predictions)[: MOST_CLASSES - 1]
        others = total - len(kept)
        places = np.full(total, len(kept))
        places[kept] = np.arange(len(kept))
    size = len(kept) + bool(others)
    pairs = np.bincount(places[target] * size + places[answer], predictions.weight, size * size).reshape(size, size)
    labels = (*(names[code] for code in kept), *([f"{others:,} others"] if others else []))
    return Confusion(labels, tuple(tuple(map(float, row)) for row in pairs), others)
