"""The area under the ROC curve."""

from typing import Any

import numpy as np
import numpy.typing as npt


def roc_auc(target: npt.NDArray[np.bool_], score: npt.NDArray[np.floating[Any]]) -> float:
    """Probability that a positive row scores above a negative one, ties counting half.

    The Mann-Whitney form of the area (Hanley & McNeil 1982, Radiology 143, section "The meaning of the
    area"). For each positive row, half the negatives below it plus half those not above it is what its
    midrank counts.

    Args:
        target: (n,) True for the positive class.
        score: (n,) higher for more likely positive.

    Returns:
        A number in [0, 1]; NaN if only one class is present or any score is NaN.
    """
    positives, negatives = score[target], np.sort(score[~target])
    if not len(positives) or not len(negatives) or np.isnan(score).any():
        return float("nan")
    below = np.searchsorted(negatives, positives, side="left").sum()
    not_above = np.searchsorted(negatives, positives, side="right").sum()
    return float(below + not_above) / (2.0 * len(positives) * len(negatives))
