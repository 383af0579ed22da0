"""Reads tables (Parquet, CSV) with polars; everything else sees arrays and plain values."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_ci.errors import MissingExtraError, UsageError
from mlops_ci.records.signature import Column

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = frozenset({".parquet", ".csv", ".tsv"})
_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(_duplicated_\d+)?$")


def is_table(path: Path) -> bool:
    """Whether the file's name says that it is a table we can read."""
    return path.suffix.lower() in SUFFIXES


def read_table(path: Path, *, called: str, texts: Collection[str] = ()) -> pl.DataFrame:
    """Read a whole table.

    Args:
        path: the file.
        called: the name under which the user knows it, for errors.
        texts: columns of CSV that are text whatever they look like: 007 is no number.

    Raises:
        UsageError: it is empty, has no header, or is no such table.
        MissingExtraError: polars is not installed.
    """
    polars = _polars()
    frame: pl.DataFrame
    if not is_table(path):
        raise UsageError("not a table", where=called, hint=f"use one of: {', '.join(sorted(SUFFIXES))}")
    try:
        if path.suffix.lower() == ".parquet":
            frame = polars.read_parquet(path)
        else:
            separator = "\t" if path.suffix.lower() == ".tsv" else ","
            header = polars.read_csv(path, separator=separator, n_rows=0).columns if texts else []
            types = {name: polars.String for name in header if name in texts}
            frame = polars.read_csv(path, separator=separator, infer_schema_length=None, schema_overrides=types)
    except (polars.exceptions.PolarsError, OSError) as error:
        raise unreadable(error, called) from error
    if not frame.height:
        raise UsageError("the table is empty", where=called, hint="it needs at least one row")
    if path.suffix.lower() != ".parquet":
        _require_header(frame.columns, called)
    return frame


def scan_table(path: Path, *, called: str) -> pl.LazyFrame:
    """A Parquet file of which nothing is read yet.

    Raises:
        UsageError: it is none.
        MissingExtraError: polars is not installed.
    """
    polars = _polars()
    try:
        frame: pl.LazyFrame = polars.scan_parquet(path)
        frame.collect_schema()
    except (polars.exceptions.PolarsError, OSError) as error:
        raise unreadable(error, called) from error
    return frame


def scan_large_table(path: Path, *, called: str) -> pl.LazyFrame:
    """A table of any kind, of which no more is read at a time than has to be.

    Raises:
        UsageError: it is none, or has no header.
        MissingExtraError: polars is not installed.
    """
    if path.suffix.lower() == ".parquet":
        return scan_table(path, called=called)
    polars = _polars()
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        frame: pl.LazyFrame = polars.scan_csv(path, separator=separator, infer_schema_length=None)
        names = frame.collect_schema().names()
    except (polars.exceptions.PolarsError, OSError) as error:
        raise unreadable(error, called) from error
    _require_header(names, called)
    return frame


def unreadable(error: Exception, called: str) -> UsageError:
    """What to say of a file that is not the table that its name promises."""
    return UsageError(f"cannot be read: {str(error).splitlines()[0]}", where=called)


def _require_header(names: Sequence[str], called: str) -> None:
    if names and all(map(_NUMBER.match, names)):
        raise UsageError("the table has no header", where=called, hint="name the columns in its first line")


def rows_in(path: Path, *, called: str) -> int:
    """How many rows a Parquet file has, from its footer alone.

    Raises:
        UsageError: it is none.
    """
    return int(scan_table(path, called=called).select(_polars().len()).collect().item())


def require_columns(frame: pl.DataFrame, names: Sequence[str], *, called: str) -> None:
    """Check that a table has these columns.

    Raises:
        UsageError: some are missing; the message lists what is there.
    """
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise UsageError(
            f"no column {', '.join(map(repr, missing))}",
            where=called,
            hint=f"its columns are: {', '.join(frame.columns[:20])}{', …' if len(frame.columns) > 20 else ''}",
        )


def columns_of(frame: pl.DataFrame, names: Sequence[str]) -> tuple[Column, ...]:
    """Names and types of some columns of a table."""
    return tuple(Column(name, str(frame.schema[name])) for name in names)


def rows_of(frame: pl.DataFrame, names: Sequence[str], rows: Sequence[int]) -> tuple[tuple[Any, ...], ...]:
    """Some rows of some columns, as values that JSON has: times in ISO 8601, what is no number as null."""
    return tuple(tuple(map(_json_value, row)) for row in frame[list(rows)].select(names).iter_rows())


def write_with(frame: pl.DataFrame, columns: Mapping[str, Sequence[Any]], file: Path) -> None:
    """Write a table as Parquet, with the values of some columns replaced by others, of one type each."""
    polars = _polars()
    frame.with_columns(polars.Series(name, values) for name, values in columns.items()).write_parquet(file)


def _json_value(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return _json_value(float(value))
    return [_json_value(item) for item in value] if isinstance(value, list | tuple) else str(value)


def polars_or_none() -> Any | None:
    """The library, where it is installed."""
    try:
        return _polars()
    except MissingExtraError:
        return None


def _polars() -> Any:
    try:
        import polars as pl
    except ImportError as error:
        raise MissingExtraError("reading tables", "gate") from error
    return pl
