"""The rows of each slice, found once for all slices: there may be ten thousand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt


def slices_of(values: npt.NDArray[Any]) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
    """Each different value in order, with the numbers of its rows in theirs."""
    names, codes = np.unique(values, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(names)))
    for name, rows in zip(names, np.split(order, ends[:-1]), strict=True):
        yield str(name), rows
