"""How far the answers of two models are apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_ci.converter.table import Array
from mlops_ci.converter.trouble import NotConvertibleError

MOST_NAMED = 20


@dataclass(frozen=True)
class Difference:
    """``worst`` is the largest difference of a number, relative to its size where that is above 1."""

    rows: int
    labels_differing: int
    worst: float
    tolerance: float
    differing: tuple[int, ...]

    @property
    def acceptable(self) -> bool:
        """Whether one may stand in for the other."""
        return self.labels_differing == 0 and self.worst <= self.tolerance

    def record(self) -> dict[str, Any]:
        """As it is stored; a difference without bounds is the largest number that JSON has."""
        return {**self.__dict__, "worst": min(self.worst, float(np.finfo(np.float64).max)), "differing": list(self.differing)}


def compare(original: Mapping[str, Array], ours: Mapping[str, Array], tolerance: float) -> Difference:
    """Compare answers by role.

    Raises:
        NotConvertibleError: they have different shapes.
    """
    rows = len(next(iter(original.values())))
    beyond = np.zeros(rows, bool)
    labels, worst = 0, 0.0
    for role, expected in original.items():
        if role not in ours:
            continue
        if role == "label":
            other = ~_same_labels(expected, ours[role])
            labels += int(other.sum())
            beyond |= other
            continue
        apart = _apart(role, expected, ours[role])
        worst = max(worst, float(apart.max(initial=0.0)))
        beyond |= (apart > tolerance).any(axis=1)
    return Difference(rows, labels, worst, tolerance, tuple(np.flatnonzero(beyond)[:MOST_NAMED].tolist()))


def _same_labels(expected: Array, given: Array) -> Array:
    one, other = np.asarray(expected).ravel(), np.asarray(given).ravel()
    if len(one) != len(other):
        raise NotConvertibleError(f"it answers {len(other)} labels for {len(one)} rows")
    if other.dtype.kind in "iub" and one.dtype.kind in "iubf":
        return np.asarray(one == other)
    return np.array([str(a) == str(b) for a, b in zip(one.tolist(), other.tolist())], bool)


def _apart(role: str, expected: Array, given: Array) -> Array:
    one = dense(expected).astype(np.float64).reshape(len(expected), -1)
    other = np.asarray(given, np.float64).reshape(len(given), -1)
    if role == "other" and one.shape[1] == 1 and other.shape[1] == 2:
        other = other[:, 1:]  # a decision function has one column for two classes
    if one.shape != other.shape:
        raise NotConvertibleError(f"its {role} has the shape {list(other.shape)}, that of the original {list(one.shape)}")
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(one - other) / np.maximum(1.0, np.abs(one))
    return np.where(same, 0.0, np.where(np.isfinite(apart), apart, np.inf))


def dense(answer: Any) -> Array:
    """An answer as an array, also where it is a sparse matrix."""
    return np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer)
