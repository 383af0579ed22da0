"""Profiles of tables: range, quantiles and frequent values of every column, in bounded memory.

Of a large table no more is held at a time than a sample of evenly spaced rows, and the counts of columns with few
values; what needs neither is computed exactly, block by block.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_ci.edge.tables import polars_or_none, read_table, scan_large_table, unreadable
from mlops_ci.records.dataset import ColumnProfile, DatasetProfile, FrequentValue

if TYPE_CHECKING:
    import polars as pl

_PERSONAL = re.compile(
    r"(name|mail|phone|address|street|birth|ssn|social.?security|passport|iban|account|card|salary|password|token)",
    re.IGNORECASE,
)
_LEVELS = tuple(number / 20 for number in range(21))
_TOP = 10
_LONGEST = 80
_DIGITS = 12  # sums made in parallel may differ in the last ones
LARGE_BYTES = 256 << 20
_VALUES_AT_ONCE = 1 << 24
_SAMPLE = 1 << 20
_FEW_VALUES = 10_000
_NOTABLE = 0.001
_EXACT = 1 << 53  # larger integers are no JSON numbers that everybody reads alike


def profile_table(path: Path, *, called: str, large: int = LARGE_BYTES) -> DatasetProfile | None:
    """The profile of a table; None where polars is not installed.

    Of a file of more than ``large`` bytes, or of more than 16 million rows, the quantiles are those of evenly spaced
    rows, and values are counted only in columns that have few.

    Raises:
        UsageError: it is empty, has no header, or is no table; ``called`` is the name in the message.
    """
    polars = polars_or_none()
    if polars is None:
        return None
    try:
        return _profile_file(path, called, large, polars)
    except polars.exceptions.PolarsError as error:  # of a large table, most of which is read after its scan is made
        raise unreadable(error, called) from error


def _profile_file(path: Path, called: str, large: int, polars: Any) -> DatasetProfile:
    if path.stat().st_size <= large and path.suffix.lower() != ".parquet":
        return profile(read_table(path, called=called))
    scan = scan_large_table(path, called=called)
    rows = int(scan.select(polars.len()).collect(engine="streaming").item())
    if not rows:
        return profile(read_table(path, called=called))  # which says what is wrong with an empty one
    schema = scan.collect_schema()
    names = schema.names()
    if path.stat().st_size > large or rows > _VALUES_AT_ONCE:
        return DatasetProfile(
            rows, tuple(_of_large(scan, place, name, schema[name], rows) for place, name in enumerate(names))
        )
    columns: list[ColumnProfile] = []
    at_once = max(1, _VALUES_AT_ONCE // rows)
    for start in range(0, len(names), at_once):
        # By place: polars takes a name between ^ and $ for a pattern.
        frame = scan.select(polars.nth(*range(start, min(start + at_once, len(names))))).collect()
        columns += profile(frame).columns
    return DatasetProfile(rows, tuple(columns))


def profile(frame: pl.DataFrame) -> DatasetProfile:
    """The profile of a table that is held in memory."""
    return DatasetProfile(frame.height, tuple(_of_column(frame[name]) for name in frame.columns))


def _of_column(column: pl.Series) -> ColumnProfile:
    name, dtype = column.name, column.dtype
    missing = column.null_count()
    if dtype.is_float():
        missing += int(column.is_nan().sum())
        column = column.fill_nan(None)
    if _PERSONAL.search(name) or missing == len(column) or not _is_told(dtype):
        return ColumnProfile(name, str(dtype), missing)
    if not dtype.is_numeric():
        low, high = (_plain(column.min()), _plain(column.max())) if _has_range(dtype) else (None, None)
        counts = column.drop_nulls().alias("value").value_counts(name="rows")
        return ColumnProfile(name, str(dtype), missing, low, high, counts.height, top=_most_frequent(counts))
    numbers = _finite(column)
    return ColumnProfile(
        name,
        str(dtype),
        missing,
        _plain(numbers.min()),
        _plain(numbers.max()),
        numbers.n_unique(),
        _rounded(numbers.mean()),
        _rounded(numbers.std(ddof=0)),
        _quantiles(numbers),
    )


def _of_large(scan: pl.LazyFrame, place: int, name: str, dtype: pl.DataType, rows: int) -> ColumnProfile:
    """A column of which not all values are held at a time."""
    polars: Any = polars_or_none()
    scan = scan.select(polars.nth(place).alias("value"))
    column = polars.col("value")
    absent = column.is_null() | column.is_nan() if dtype.is_float() else column.is_null()
    if _PERSONAL.search(name) or not _is_told(dtype):
        return ColumnProfile(name, str(dtype), _collect(scan.select(absent.sum())).item())
    sample = _collect(scan.gather_every(max(1, rows // _SAMPLE)))["value"]
    if dtype.is_numeric():
        number = column.cast(polars.Float64) if dtype.is_decimal() else column
        known = number.filter(number.is_finite()) if dtype.is_float() else number
        wanted = [absent.sum(), known.min(), known.max(), known.mean(), known.std(ddof=0)]
        exact = _collect(scan.select(one.alias(str(number)) for number, one in enumerate(wanted))).row(0)
        return ColumnProfile(
            name,
            str(dtype),
            exact[0],
            _plain(exact[1]),
            _plain(exact[2]),
            None,
            _rounded(exact[3]),
            _rounded(exact[4]),
            _quantiles(_finite(sample)),
        )
    wanted = [absent.sum(), *((column.min(), column.max()) if _has_range(dtype) else ())]
    found = _collect(scan.select(one.alias(str(number)) for number, one in enumerate(wanted))).row(0)
    missing, low, high = (*found, None, None)[:3]
    if missing == rows or sample.n_unique() > _FEW_VALUES:
        return ColumnProfile(name, str(dtype), missing, _plain(low), _plain(high))
    counts = _collect(scan.drop_nulls().group_by("value").agg(polars.len().alias("rows")))
    top = _most_frequent(counts)
    return ColumnProfile(name, str(dtype), missing, _plain(low), _plain(high), counts.height, top=top)


def _collect(scan: pl.LazyFrame) -> pl.DataFrame:
    return scan.collect(engine="streaming")


def _is_told(dtype: pl.DataType) -> bool:
    """Whether more is said of such a column than its type: lists, structures and bytes are nobody's categories."""
    polars: Any = polars_or_none()
    texts = (polars.String, polars.Categorical, polars.Enum, polars.Boolean)
    return dtype.is_numeric() or dtype.is_temporal() or dtype in texts


def _has_range(dtype: pl.DataType) -> bool:
    polars: Any = polars_or_none()
    return dtype.is_temporal() or dtype == polars.String


def _finite(column: pl.Series) -> pl.Series:
    polars: Any = polars_or_none()
    if column.dtype.is_decimal():
        column = column.cast(polars.Float64)
    column = column.drop_nulls()
    return column.filter(column.is_finite()) if column.dtype.is_float() else column


def _quantiles(numbers: pl.Series) -> tuple[float, ...]:
    found = [numbers.quantile(level, "linear") for level in _LEVELS] if len(numbers) else []
    return tuple(value for value in found if value is not None and math.isfinite(value))


def _most_frequent(counts: pl.DataFrame) -> tuple[FrequentValue, ...]:
    """The most frequent values; none where hardly any is found twice: those are ids or moments, and no categories."""
    best = counts.top_k(_TOP, by=("rows", "value"), reverse=(False, True)).sort(
        "rows", "value", descending=(True, False)
    )
    top = tuple(FrequentValue(_cut(str(value)), count) for value, count in best.iter_rows())
    if counts.height > _TOP and (top[0].rows == 1 or top[0].rows < _NOTABLE * int(counts["rows"].sum())):
        return ()
    return top


def _rounded(value: Any) -> float | None:
    number = None if value is None else float(value)
    return float(f"{number:.{_DIGITS}g}") if number is not None and math.isfinite(number) else None


def _plain(value: object) -> float | str | None:
    if isinstance(value, int) and abs(value) > _EXACT:
        return float(value)
    return value if value is None or isinstance(value, int | float) else _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
