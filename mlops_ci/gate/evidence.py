"""What is known of one side of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlops_ci.records.verdict import Side

if TYPE_CHECKING:  # a run without predictions need not wait for numpy and scipy
    import numpy as np
    import numpy.typing as npt

    from mlops_ci.gate.custom import CustomResult
    from mlops_ci.gate.streamed import StreamedResult
    from mlops_ci.metrics import Predictions


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """Predictions on an evaluation set, and plain numbers.

    Rows are in the order of their ids, or of the file where there are none. ``evaluation_set`` is the identity of
    the set; two pieces of evidence with the same one are paired row by row. ``slices`` maps a column's name to its
    values as text, (rows,). ``seeds`` has the values of metrics over several trainings, the model's own first.
    ``custom`` has metrics that are computed elsewhere: by the user's functions, whose values for each row are columns
    of the predictions too, or from files that are too long to be held.
    """

    predictions: Predictions | None = None
    evaluation_set: str | None = None
    slices: Mapping[str, npt.NDArray[np.str_]] = field(default_factory=dict)
    numbers: Mapping[str, float | None] = field(default_factory=dict)
    seeds: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    custom: Mapping[str, CustomResult | StreamedResult] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class Reference:
    """A version that rules compare with. Without evidence, ``problem`` says why there is none."""

    side: Side
    evidence: Evidence | None = None
    problem: str | None = None
