"""The rows of each slice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_ci.gate.comparing.results import side_name
from mlops_ci.gate.evidence import Evidence, Reference


def slices_of(values: npt.NDArray[Any]) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
    """Each different value in order, with the numbers of its rows; found once, as there may be ten thousand."""
    names, codes = np.unique(values, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))
    for name, rows in zip(names, np.split(order, ends[:-1]), strict=True):
        yield str(name), rows


def other_slices(column: str, candidate: Evidence, reference: Reference | None) -> str | None:
    """Why slices cannot be judged: who may say which rows are a slice could make one of each row that is wrong."""
    evidence = reference.evidence if reference else None
    if reference is None or evidence is None or evidence.evaluation_set != candidate.evaluation_set:
        return None
    theirs = evidence.slices.get(column)
    if theirs is None or np.array_equal(candidate.slices[column], theirs):
        return None
    return f"the rows have other values of {column!r} than those of {side_name(reference)}"
