"""Values without each row, or each group of rows, in turn: for means, for cells of equal rows, for any weights."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_ci.statistics.jackknife import Jackknifed

FloatArray = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Combine = Callable[[FloatArray], FloatArray]
Evaluate = Callable[[FloatArray], FloatArray]

_NUMBERS = 2**20
"""Numbers held at once, which bounds the memory."""

_STEP = 1e-6
"""Of a numerical derivative, for means of numbers between 0 and 1."""

_LEAST, _MOST = 1e-135, 1e140
"""What is squared later, and summed, must stay a number of double precision: what values differ by relative to the
least size is no difference, and what is more than the most is not bounded.
"""


def _sample(value: float, without: FloatArray, at: Evaluate, size: float = _LEAST) -> Jackknifed:
    if not (np.abs(without) <= _MOST).all():
        without = np.full(len(without), math.nan)
    return Jackknifed(value, without, at, max(abs(value), size, _LEAST))


def by_means(features: FloatArray, combine: Combine) -> Jackknifed:
    """A function of means.

    Args:
        features: (n, K), one row a unit.
        combine: Means (..., K) to values (...); NaN where undefined.
    """
    n = len(features)
    with np.errstate(all="ignore"):
        centre = features.mean(axis=0) if n else np.full(features.shape[1], np.nan)
        value = float(combine(centre))
        chunk = max(1, _NUMBERS // features.shape[1])
        parts = [
            combine(centre + (centre - features[start : start + chunk]) / max(n - 1, 1)) for start in range(0, n, chunk)
        ]
    without = np.concatenate(parts) if parts else np.zeros(0)
    return _sample(value, without, lambda weights: combine(weights @ features / n))


def by_ratios(sums: FloatArray, weights: FloatArray, combine: Combine) -> Jackknifed:
    """A function of weighted means: sums (G, K) of weighted features of each unit, and the units' weights (G,)."""
    features = np.column_stack([sums, weights])
    return by_means(features, lambda means: combine(means[..., :-1] / means[..., -1:]))


def by_cells(codes: Codes, table: Any, combine: Combine) -> Jackknifed:
    """A function of means of rows of which there are only a few different ones.

    Args:
        codes: (n,) which of them each row is.
        table: (C, K) those, sparse.
        combine: As in `by_means`.
    """
    n = len(codes)
    counts = np.bincount(codes, minlength=table.shape[0]).astype(np.float64)
    with np.errstate(all="ignore"):
        centre = counts @ table / n
        value = float(combine(centre))
        chunk = max(1, _NUMBERS // table.shape[1])
        parts = [
            combine(centre + (centre - table[start : start + chunk].toarray()) / max(n - 1, 1))
            for start in range(0, table.shape[0], chunk)
        ]

    def at(weights: FloatArray) -> FloatArray:
        held = np.stack([np.bincount(codes, row, minlength=table.shape[0]) for row in weights])
        return combine(held @ table / n)

    return _sample(value, np.concatenate(parts)[codes], at)


def by_weighted_cells(codes: Codes, table: Any, combine: Combine, weights: FloatArray, units: Codes) -> Jackknifed:
    """As `by_cells`, with weights of rows and rows that belong together, by the delta method.

    Leaving out units one by one would take a row of means for each; the slopes of `combine` give what each contributes.

    Args:
        codes: (n,) as there.
        table: (C, K) as there, of numbers between 0 and 1.
        combine: As there.
        weights: (n,) of the rows.
        units: (n,) codes of what is left out together.
    """
    size, total = int(units.max()) + 1 if len(units) else 0, float(weights.sum())
    with np.errstate(all="ignore"):
        centre = np.bincount(codes, weights, minlength=table.shape[0]) @ table / total
        value = float(combine(centre))
        slopes = np.array([_slope(combine, centre, column) for column in range(len(centre))])
        cells = table @ slopes - centre @ slopes
    contributions = np.bincount(units, weights * cells[codes] / total, minlength=size).astype(np.float64)
    without: FloatArray = value - contributions * (size / max(size - 1, 1))

    def at(given: FloatArray) -> FloatArray:
        held = np.stack([np.bincount(codes, weights * row[units], minlength=table.shape[0]) for row in given])
        return combine(held @ table / held.sum(axis=1, keepdims=True))

    # A numerical slope is rounded as much more coarsely as its step is short, and the heaviest unit has most of that.
    heaviest = float(np.bincount(units, weights).max(initial=0.0)) / total if total else 0.0
    return _sample(value, without, at, heaviest / _STEP)


def by_weights(evaluate: Evaluate, units: Codes) -> Jackknifed:
    """Whatever can be computed with other weights of the rows.

    Args:
        evaluate: (B, n) weights to (B,) values.
        units: (n,) codes of what is left out together.
    """
    size, n = int(units.max()) + 1 if len(units) else 0, len(units)
    value = float(evaluate(np.ones((1, n)))[0]) if n else math.nan
    chunk = max(1, _NUMBERS // max(n, 1))
    order = np.argsort(units, kind="stable")
    ends = np.cumsum(np.bincount(units, minlength=size)) if size else np.zeros(0, dtype=np.int64)
    without = np.empty(size)
    for start in range(0, size, chunk):
        held = np.ones((min(chunk, size - start), n))
        for row in range(len(held)):
            unit = start + row
            held[row, order[ends[unit - 1] if unit else 0 : ends[unit]]] = 0.0
        without[start : start + chunk] = evaluate(held)
    return _sample(value, without, lambda weights: evaluate(weights[:, units]))


def by_influence(evaluate: Evaluate, influence: FloatArray, units: Codes) -> Jackknifed:
    """Whatever can be computed with other weights of the rows and has slopes in them, by the delta method.

    It is the infinitesimal jackknife (Jaeckel 1972, Bell Laboratories Memorandum MM 72-1215-11): one pass, where
    leaving out units one by one takes as many as there are.

    Args:
        evaluate: As in `by_weights`.
        influence: (n,) the slope of the value in the weight of each row, at weights of 1.
        units: As there.
    """
    size, n = int(units.max()) + 1 if len(units) else 0, len(units)
    value = float(evaluate(np.ones((1, n)))[0]) if n else math.nan
    contributions = np.bincount(units, influence, minlength=size).astype(np.float64)
    without: FloatArray = value - contributions * (size / max(size - 1, 1))
    return _sample(value, without, lambda weights: evaluate(weights[:, units]))


def _slope(combine: Combine, centre: FloatArray, column: int) -> float:
    step = np.zeros(len(centre))
    step[column] = _STEP
    # At the edge of what is possible (a precision of 1) there is one side only.
    both = combine(np.stack([centre + step, centre - step]))
    if np.isfinite(both).all():
        return float(both[0] - both[1]) / (2.0 * _STEP)
    return float(combine(centre + step) - combine(centre)) / _STEP
