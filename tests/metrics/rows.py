"""Test rows of every task, random and degenerate, with weights and without."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mlops_ci.metrics import Predictions, metric_of, value
from mlops_ci.project.metric_calls import parse_metric

# A grid makes ties common.
PROBABILITIES = st.integers(0, 20).map(lambda step: step / 20) | st.floats(0.0, 1.0)
NUMBERS = st.integers(-3, 3).map(float) | st.floats(-1e3, 1e3)
POSITIVE = st.integers(1, 4).map(float) | st.floats(1e-3, 1e3)
WEIGHTS = st.sampled_from([0.0, 0.5, 1.0, 2.0, 7.0]) | st.floats(1e-3, 10.0)


def close(ours: float, theirs: float) -> bool:
    return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)


def found(call: str, rows: Predictions, baseline: Predictions | None = None) -> float:
    """The value of a metric, written as in a rule."""
    parsed = parse_metric(call)
    metric = metric_of(parsed.name, parsed.arguments, parsed.of)
    assert metric is not None
    return value(metric, rows, baseline)


def _weight(draw: st.DrawFn, n: int) -> npt.NDArray[np.float64] | None:
    if draw(st.booleans()):
        return None
    weight = draw(arrays.arrays(float, n, elements=WEIGHTS))
    weight[draw(st.integers(0, n - 1))] = 1.0  # not all zero
    return weight


def labels_of(rows: Predictions) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Truth and answer of the rows that count: scikit-learn takes a class of rows without weight for present."""
    assert rows.prediction is not None
    counted = counts(rows) > 0
    return rows.target[counted], rows.prediction[counted]


def counts(rows: Predictions) -> npt.NDArray[np.float64]:
    return np.ones(len(rows)) if rows.weight is None else rows.weight


@st.composite
def binary(draw: st.DrawFn) -> Predictions:
    n = draw(st.integers(1, 30))
    target = draw(arrays.arrays(bool, n))
    score = draw(arrays.arrays(float, n, elements=PROBABILITIES))
    return Predictions("binary", target, None, score, ("n", "y"), weight=_weight(draw, n)).with_prediction()


@st.composite
def multiclass(draw: st.DrawFn) -> Predictions:
    n, k = draw(st.integers(1, 20)), draw(st.integers(2, 4))
    raw = draw(arrays.arrays(float, (n, k), elements=PROBABILITIES)) + 1e-3
    target = draw(arrays.arrays(int, n, elements=st.integers(0, k - 1)))
    score = raw / raw.sum(axis=1, keepdims=True)
    found = Predictions("multiclass", target, None, score, tuple("abcd"[:k]), weight=_weight(draw, n))
    return found.with_prediction()


@st.composite
def regression(draw: st.DrawFn, numbers: st.SearchStrategy[float] = NUMBERS) -> Predictions:
    n = draw(st.integers(2, 30))
    target, prediction = (draw(arrays.arrays(float, n, elements=numbers)) for _ in range(2))
    return Predictions("regression", target, prediction, None, (), weight=_weight(draw, n))


@st.composite
def ranking(draw: st.DrawFn) -> Predictions:
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=5))
    n = sum(sizes)
    group = draw(st.permutations(np.repeat(np.arange(len(sizes)), sizes).tolist()))
    relevance = draw(arrays.arrays(float, n, elements=st.sampled_from([0.0, 0.0, 1.0, 2.0, 3.5])))
    score = draw(arrays.arrays(float, n, elements=NUMBERS))
    weight = draw(arrays.arrays(float, len(sizes), elements=WEIGHTS)) + 1e-3 if draw(st.booleans()) else None
    codes = np.array(group)
    return Predictions(
        "ranking", relevance, None, score, (), weight=None if weight is None else weight[codes], group=codes
    )


@st.composite
def plain(draw: st.DrawFn) -> Predictions:
    n = draw(st.integers(1, 30))
    values = draw(arrays.arrays(float, n, elements=NUMBERS))
    return Predictions("rows", np.zeros(n), None, None, (), weight=_weight(draw, n), columns={"x": values})
