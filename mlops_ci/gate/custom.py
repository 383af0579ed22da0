"""Metrics of the user's own: what their functions have said, as something that can be judged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np
import numpy.typing as npt

from mlops_ci.gate.streamed import StreamedResult
from mlops_ci.metrics import Metric, Predictions, RowMeans, Task
from mlops_ci.statistics import Estimate
from mlops_ci.statistics.replicates import replicate_bounds

FloatArray = npt.NDArray[np.float64]
_NONE = np.empty(0)


@dataclass(frozen=True, eq=False, slots=True)
class CustomResult:
    """What a function of the user has said of the predictions of one model.

    Either ``values`` has one value a row, whose mean is the metric, or ``value`` is one number, with its values on
    resamples (``replicates``; NaN where there is none) and with blocks left out (``jackknife``). Results with the same
    ``pairing`` come from the same resamples. ``scale`` is what the spread of the replicates has to be multiplied with,
    as they are of ``drawn`` rows or groups only (``unit``). A ``problem`` says why there is nothing of all that.
    """

    problem: str | None = None
    value: float = math.nan
    values: FloatArray | None = None
    rows: int = 0
    pairing: str = ""
    replicates: FloatArray = field(default_factory=lambda: _NONE)
    jackknife: FloatArray = field(default_factory=lambda: _NONE)
    scale: float = 1.0
    drawn: int = 0
    unit: str = "rows"

    @property
    def method(self) -> str:
        """The name of the method that bounds it, for a report."""
        if len(self.jackknife):
            return f"BCa bootstrap of {self.unit}, {len(self.replicates):,} resamples"
        return f"m out of n bootstrap, {len(self.replicates):,} resamples of {self.drawn:,} {self.unit}"


def row_metric(name: str) -> Metric:
    """The mean of what a function has said of each row; :func:`with_values` puts that where this finds it."""
    tasks: frozenset[Task] = frozenset(get_args(Task))
    column = _column(name)
    form = RowMeans(lambda predictions: predictions.columns[column][:, np.newaxis], lambda means: means[..., 0])
    return Metric(name, name, None, tasks, "columns", form)


def with_values(predictions: Predictions, results: Mapping[str, CustomResult]) -> Predictions:
    """Predictions with what functions have said of each row."""
    values = {_column(name): result.values for name, result in results.items() if result.values is not None}
    return replace(predictions, columns={**predictions.columns, **values}) if values else predictions


def _column(name: str) -> str:
    """Where the values of a function are: a rule may name a column of the file that is called as the function is."""
    return f"{name}()"


def alone(ours: CustomResult | StreamedResult, confidence: float) -> Estimate:
    """The value of one model, with one-sided bounds."""
    if isinstance(ours, StreamedResult):
        return ours.alone(confidence)
    return replicate_bounds(
        ours.value, ours.replicates, ours.jackknife, confidence, scale=ours.scale, method=ours.method
    )


def change(
    ours: CustomResult | StreamedResult, theirs: CustomResult | StreamedResult, factor: float, confidence: float
) -> Estimate:
    """Candidate minus ``factor`` times baseline; :func:`unlike` is None for the two."""
    if isinstance(ours, StreamedResult) and isinstance(theirs, StreamedResult):
        return ours.change(theirs, factor, confidence)
    if isinstance(ours, StreamedResult) or isinstance(theirs, StreamedResult):
        raise AssertionError("the two are of one kind")
    return replicate_bounds(
        ours.value - factor * theirs.value,
        ours.replicates - factor * theirs.replicates,
        ours.jackknife - factor * theirs.jackknife,
        confidence,
        scale=ours.scale,
        method=f"{ours.method}, paired",
    )


def unlike(
    name: str, ours: CustomResult | StreamedResult, theirs: CustomResult | StreamedResult | None, side: str
) -> str | None:
    """Why what was said of two models cannot be compared."""
    if theirs is None:
        return f"{name} was not computed for {side}"
    if theirs.problem:
        return f"{name} of {side}: {theirs.problem}"
    if isinstance(ours, StreamedResult) or isinstance(theirs, StreamedResult):
        return None if type(ours) is type(theirs) else f"{name} was computed on other rows for {side}"
    if (ours.values is None) != (theirs.values is None):
        return f"{name} returns one number for one of the two models, and one a row for the other"
    if ours.pairing != theirs.pairing or len(ours.replicates) != len(theirs.replicates):
        return f"{name} was computed on other rows for {side}"
    return None
