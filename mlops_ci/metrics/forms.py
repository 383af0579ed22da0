"""What a metric is made of: the form tells which statistical methods can bound it.

- `RowMeans`: a smooth function of means over rows, or over groups. Most metrics are.
- `Resampled`: none of those, but cheap to compute again with other weights, as sorting is done once.
- `RocArea`: the area under the ROC curve, which has a theory of its own.
- `PairedRows`: the mean of what comes of comparing each row of two models.

All computing is silent: what is undefined is NaN.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_ci.metrics.predictions import Predictions

FloatArray = npt.NDArray[np.float64]
Range = tuple[float, float]
Evaluate = Callable[[FloatArray], FloatArray]
"""(B, n) weights of rows, not negative, to (B,) values; NaN where the metric has none."""


@dataclass(frozen=True, eq=False, slots=True)
class Cells:
    """Rows of moments of which there are only a few different ones: each of those once.

    What is said of a row by its labels is the same for all rows with the same labels. A million rows of a hundred
    classes have 300 moments each, but no more than 10,000 different rows of them.

    Attributes:
        codes: (n,) which cell each row is in.
        table: (C, K) float64, the moments of each cell, as a `scipy.sparse.csr_array`. Most are 0.
            `shares @ table`, for shares (B, C) of the rows, are means (B, K); `table @ slopes`, for the slopes (K,)
            of a metric in its means, is what each cell adds to it.
    """

    codes: npt.NDArray[np.int64]
    table: Any


@dataclass(frozen=True, slots=True)
class RowMeans:
    """A metric as a function of row means.

    With weights w of the rows it is `combine(sum(w m) / sum(w))`, m being the moments; nothing else depends on them.

    Attributes:
        moments: Predictions of n rows to (n, K) float64. A row that cannot be judged is NaN.
        combine: Means of those columns, (..., K), to the metric, (...); NaN where it is undefined.
        per_group: One row of moments a group, in the order of their codes, instead of one a row.
        range: Where the value of a row lies, if it is bounded and the metric is the mean of one moment: only then
            are there bounds that hold for any number of rows. A function where it depends on the task: `range_of`.
        cells: The same moments in few different rows, if there are few; then `moments` may be too large to ask for.
    """

    moments: Callable[[Predictions], FloatArray]
    combine: Callable[[FloatArray], FloatArray]
    per_group: bool = False
    range: Range | Callable[[Predictions], Range] | None = None
    cells: Callable[[Predictions], Cells] | None = None

    def range_of(self, predictions: Predictions) -> Range | None:
        """Where the value of each of these rows lies; None if it is not bounded, or the metric is no mean."""
        return self.range(predictions) if callable(self.range) else self.range

    def counted(self, predictions: Predictions) -> FloatArray:
        """The moments, (n, K), with zeros for what has no weight: it does not count even where it cannot be judged."""
        moments, weights = self.moments(predictions), self.weights(predictions)
        return moments if weights is None else np.where(weights[:, np.newaxis] == 0.0, 0.0, moments)

    def weights(self, predictions: Predictions) -> FloatArray | None:
        """How much each row of the moments counts; None if all count the same.

        A group counts by the mean weight of its rows: all groups count the same where all rows do.
        """
        if predictions.weight is None or not self.per_group or predictions.group is None:
            return predictions.weight
        weights: FloatArray = np.bincount(predictions.group, predictions.weight) / np.bincount(predictions.group)
        return weights


@dataclass(frozen=True, slots=True)
class Resampled:
    """A metric that is computed again for each set of weights.

    Attributes:
        prepare: Predictions of n rows to `Evaluate`. What depends on the rows only is done here, once. The rows'
            own weights (`Predictions.weight`) are in it: `Evaluate` multiplies them with what it is given.
        influence: Where it has a closed form, predictions of n rows to (n,): the slope of the value in what a row is
            given, at 1 for all rows. They add up to 0, as weights count only in proportion.
    """

    prepare: Callable[[Predictions], Evaluate]
    influence: Callable[[Predictions], FloatArray] | None = None


@dataclass(frozen=True, slots=True)
class RocArea:
    """The area under the ROC curve of one class against the others.

    Attributes:
        rank: Predictions to (positive (n,) bool, score (n,) floating) of that class.
    """

    rank: Callable[[Predictions], tuple[npt.NDArray[np.bool_], npt.NDArray[np.floating]]]


@dataclass(frozen=True, slots=True)
class PairedRows:
    """The weighted mean of what comes of comparing each row of the candidate with that of the baseline.

    Attributes:
        moments: The candidate's predictions and the baseline's, row by row, to (n, 1) float64.
        range: Where the value of a row lies.
    """

    moments: Callable[[Predictions, Predictions], FloatArray]
    range: Range


Form = RowMeans | Resampled | RocArea | PairedRows


def mean_of_one(means: FloatArray) -> FloatArray:
    """The `combine` of a metric that is itself a mean: (..., 1) to (...)."""
    return means[..., 0]


def own_weights(predictions: Predictions, given: FloatArray) -> FloatArray:
    """(B, n) weights of rows, multiplied with the rows' own."""
    return given if predictions.weight is None else given * predictions.weight
