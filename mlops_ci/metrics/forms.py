"""What a metric is made of: the form tells which statistical methods can bound it.

- `RowMeans` (row_means.py): a smooth function of means over rows, or over groups. Most metrics are.
- `Resampled`: none of those, but cheap to compute again with other weights, as sorting is done once.
- `RocArea`: the area under the ROC curve, which has a theory of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlops_ci.metrics.predictions import Predictions

FloatArray = npt.NDArray[np.float64]
Evaluate = Callable[[FloatArray], FloatArray]
"""(B, n) weights of rows, not negative, to (B,) values; NaN where the metric has none."""


@dataclass(frozen=True, slots=True)
class Resampled:
    """A metric that is computed again for each set of weights.

    Attributes:
        prepare: Predictions of n rows to `Evaluate`. What depends on the rows only is done here, once. The rows'
            own weights (`Predictions.weight`) are in it: `Evaluate` multiplies them with what it is given.
    """

    prepare: Callable[[Predictions], Evaluate]


@dataclass(frozen=True, slots=True)
class RocArea:
    """The area under the ROC curve of one class against the others.

    Attributes:
        rank: Predictions to (positive (n,) bool, score (n,) floating) of that class.
    """

    rank: Callable[[Predictions], tuple[npt.NDArray[np.bool_], npt.NDArray[np.floating]]]
