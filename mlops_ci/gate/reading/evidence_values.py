"""Columns of a predictions file as arrays: labels, numbers, texts, weights, groups."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mlops_ci.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

_SHOWN = 5
_LIGHTEST, _HEAVIEST = 1e-100, 1e100


def labels(column: pl.Series) -> pl.Series:
    """Class labels as text, the same for 1 and 1.0: a CSV file and a Parquet file mean the same rows."""
    if column.dtype.is_float():
        whole = column.is_finite().all() and (column == column.round()).all()
        column = column.cast(int) if whole else column.set(column == 0.0, 0.0)  # -0.0 is 0.0
    return column.cast(str)


def floats(column: pl.Series, called: str) -> npt.NDArray[np.float64]:
    """Numbers, truth values as 0 and 1, what is missing as NaN.

    Raises:
        UsageError: the column holds something else.
    """
    if not column.dtype.is_numeric() and str(column.dtype) != "Boolean" and column.null_count() != len(column):
        raise UsageError(f"the column {column.name!r} holds {column.dtype}, not numbers", where=called)
    return np.asarray(column.cast(float).fill_null(float("nan")).to_numpy(), dtype=np.float64)


def texts(column: pl.Series, *, missing: str) -> npt.NDArray[np.str_]:
    """Values as text."""
    return np.array([missing if text is None else text for text in column.cast(str).to_list()], dtype=np.str_)


def weights(column: pl.Series, called: str) -> npt.NDArray[np.float64]:
    """How much each row counts, in proportion to the others.

    Raises:
        UsageError: a weight is missing, not finite or negative, or all are zero.
    """
    found = floats(column, called)
    unknown, negative = int((~np.isfinite(found)).sum()), int((found < 0).sum())
    name = f"the weight column {column.name!r}"
    if unknown:
        raise UsageError(f"{name} has no number in {of_rows(unknown, len(found))}", where=called)
    if negative:
        raise UsageError(f"{name} is negative in {of_rows(negative, len(found))}", where=called)
    if not found.any():
        raise UsageError(f"{name} is zero in every row: nothing counts", where=called)
    largest = float(found.max())
    if not _LIGHTEST <= largest <= _HEAVIEST:  # they are squared and summed; a power of two leaves proportions as is
        found = np.ldexp(found, -math.frexp(largest)[1])
    return found


def groups(column: pl.Series, called: str) -> npt.NDArray[np.int64]:
    """Codes from 0 without gaps, in the order of the values as text, so that equal files have equal codes.

    Raises:
        UsageError: a value is missing.
    """
    if column.null_count():
        rows = of_rows(column.null_count(), len(column))
        raise UsageError(f"the group column {column.name!r} has missing values in {rows}", where=called)
    return np.asarray((labels(column).rank("dense") - 1).to_numpy(), dtype=np.int64)


def of_rows(count: int, rows: int) -> str:
    """Such as ``3 of 1,200 rows``."""
    return f"{count:,} of {rows:,} row{'s' if rows != 1 else ''}"


def some(values: Iterable[str]) -> str:
    """The first few of some values."""
    values = list(values)
    return ", ".join(map(repr, values[:_SHOWN])) + (", …" if len(values) > _SHOWN else "")
