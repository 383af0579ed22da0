"""Where the scores of each class fall among those of the other: what an area under the ROC curve is the mean of."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_ci.statistics.skewed import Spread, spread_of

FloatArray = npt.NDArray[np.float64]
Scores = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False, slots=True)
class Placements:
    """DeLong's structural components of an area, or of a contrast of two.

    Attributes:
        positives: (m,) for each positive row, the share of negative rows that score below it, ties half (V10).
        negatives: (n,) for each negative row, the share of positive rows that score above it, ties half (V01).
        positive_weights: (m,) of the positive rows, adding up to 1.
        negative_weights: (n,) of the negative rows, adding up to 1.
    """

    positives: FloatArray
    negatives: FloatArray
    positive_weights: FloatArray
    negative_weights: FloatArray

    @property
    def area(self) -> float:
        """The area, the mean of either side; NaN if a class is absent."""
        if not len(self.positives) or not len(self.negatives):
            return math.nan
        if not np.ptp(self.positive_weights):
            return float(self.positives.mean())  # exactly 1 for perfect separation
        return float(self.positive_weights @ self.positives)

    @property
    def smaller_class(self) -> int:
        """Rows of the class that has fewer."""
        return min(len(self.positives), len(self.negatives))

    def minus(self, factor: float, other: "Placements") -> "Placements":
        """The components of this area less `factor` times the other's, on the same rows."""
        return Placements(
            self.positives - factor * other.positives,
            self.negatives - factor * other.negatives,
            self.positive_weights,
            self.negative_weights,
        )

    def spread(self) -> Spread:
        """Of the area (DeLong et al. 1988, equations 4-6), the rows being independent."""
        return spread_of(*self._contributions())

    def spread_by_group(self, positive: npt.NDArray[np.bool_], group: npt.NDArray[np.int64]) -> Spread:
        """Of the area where rows of a group belong together (Obuchowski 1997, Biometrics 53:567-578)."""
        contributions = np.empty(len(positive))
        contributions[positive], contributions[~positive] = self._contributions()
        return spread_of(np.bincount(group, contributions).astype(np.float64))

    def vary(self) -> bool:
        """Whether the variance is not zero, told exactly and not from a rounded sum of squares."""
        return any(bool(np.ptp(side) > 0.0) for side in (self.positives, self.negatives))

    def _contributions(self) -> tuple[FloatArray, FloatArray]:
        return (
            self.positive_weights * (self.positives - self.positive_weights @ self.positives),
            self.negative_weights * (self.negatives - self.negative_weights @ self.negatives),
        )


def delong(
    positive_scores: Scores,
    negative_scores: Scores,
    positive_weights: FloatArray | None = None,
    negative_weights: FloatArray | None = None,
) -> Placements:
    """DeLong's structural components of one area, in O((m + n) log(m + n)).

    Sun & Xu 2014 (IEEE Signal Processing Letters 21:1389-1393) get them from midranks, as the midrank among
    all rows less that within the class. Searching one sorted class for the other counts the same thing
    directly.

    Args:
        positive_scores: (m,) scores of the positive rows, without NaN.
        negative_scores: (n,) scores of the negative rows, without NaN.
        positive_weights: (m,) how much each counts; all the same if None.
        negative_weights: (n,) likewise.
    """
    return Placements(
        positives=_share_below(positive_scores, negative_scores, negative_weights),
        negatives=1.0 - _share_below(negative_scores, positive_scores, positive_weights),
        positive_weights=_shares(positive_weights, len(positive_scores)),
        negative_weights=_shares(negative_weights, len(negative_scores)),
    )


def placements(target: npt.NDArray[np.bool_], score: Scores, weight: FloatArray | None = None) -> Placements:
    """`delong` of the two classes; all NaN if a score is.

    Raises:
        ValueError: `target` and `score` differ in shape.
    """
    if target.shape != score.shape or target.ndim != 1:
        raise ValueError(f"target and score must be (rows,); they are {target.shape} and {score.shape}")
    weights = (None, None) if weight is None else (weight[target], weight[~target])
    found = delong(score[target], score[~target], *weights)
    if not np.isnan(score).any():
        return found
    unknown = (np.full(len(found.positives), np.nan), np.full(len(found.negatives), np.nan))
    return Placements(*unknown, found.positive_weights, found.negative_weights)


def same_order(first: Scores, second: Scores) -> bool:
    """Whether two scores put all rows in the same order, ties included."""
    ranks_first = np.unique(first, return_inverse=True)[1]
    ranks_second = np.unique(second, return_inverse=True)[1]
    return bool(np.array_equal(ranks_first, ranks_second))


def _share_below(scores: Scores, others: Scores, weights: FloatArray | None) -> FloatArray:
    """For each score, the share of the others below it, ties half; NaN if there are no others."""
    if not len(others):
        return np.full(len(scores), np.nan)
    # A sorted needle walks through memory once; the order is undone below.
    order = np.argsort(scores)
    needles = scores[order]
    found = np.empty(len(scores))
    if weights is None:
        rising = np.sort(others)
        twice = np.searchsorted(rising, needles, side="left") + np.searchsorted(rising, needles, side="right")
        found[order] = twice / (2.0 * len(others))
        return found
    rank = np.argsort(others)
    rising = others[rank]
    below = np.concatenate([[0.0], np.cumsum(weights[rank])])
    left, right = (np.searchsorted(rising, needles, side=side) for side in ("left", "right"))
    with np.errstate(all="ignore"):
        found[order] = (below[left] + below[right]) / (2.0 * below[-1])
    return found


def _shares(weights: FloatArray | None, rows: int) -> FloatArray:
    if weights is None:
        return np.full(rows, 1.0 / max(rows, 1))
    with np.errstate(all="ignore"):
        shares: FloatArray = weights / weights.sum()
    return shares
