"""Collected requests as tables of plain types, a row for each row of a request."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from mlops_ci.records.collected import CollectedRequest, SegmentHead
from mlops_ci.records.digest import digest_of_value, hexadecimal

INPUT = "input."
_COMMON = {
    "id": pl.String,
    "time": pl.Datetime("ms", "UTC"),
    "deployment": pl.String,
    "version": pl.Int64,
    "row": pl.Int64,
    "latency": pl.Float64,
}
_KINDS = {
    "float": pl.Float64,
    "decimal": pl.Float64,
    "int": pl.Int64,
    "uint": pl.Int64,
    "bool": pl.Boolean,
    "str": pl.String,
    "utf8": pl.String,
    "cat": pl.String,
    "enum": pl.String,
}
# One request may come twice with the same name, if its caller says so; and one segment may come twice.
KEY = ("id", "time", "row")


def table_of(segments: Sequence[tuple[SegmentHead, Sequence[CollectedRequest]]]) -> pl.DataFrame:
    """The rows of some segments, each once, sorted by time.

    Inputs have the types of the signature, as far as their values fit; all else has the narrowest type that holds it.
    """
    columns: dict[str, list[Any]] = {name: [] for name in _COMMON}
    hints: dict[str, str] = {}
    rows = 0
    for head, requests in segments:
        hints |= {INPUT + column.name: column.type for column in head.columns}
        for each in requests:
            for row in range(each.rows):
                common = (each.id, each.time, head.deployment, head.version, row, each.seconds)
                for name, value in zip(_COMMON, common, strict=True):
                    columns[name].append(value)
            found = {INPUT + name: values for name, values in (each.inputs or {}).items()}
            found |= {_answered(name): values for name, values in each.outputs.items()}
            for name, values in found.items():
                column = columns.setdefault(name, [])
                column += [None] * (rows - len(column))
                column += values
            rows += each.rows
    padded = {name: values + [None] * (rows - len(values)) for name, values in columns.items()}
    moments = pl.Series("time", padded.pop("time"), pl.String).str.to_datetime("%+", time_unit="ms", time_zone="UTC")
    series = [_series(name, values, hints.get(name)) for name, values in padded.items()]
    frame = pl.DataFrame([series[0], moments, *series[1:]])
    return frame.unique(KEY, keep="first").sort(*reversed(KEY[:2]), KEY[2])


def without(frame: pl.DataFrame, known: Iterable[bytes]) -> pl.DataFrame:
    """The rows of a table that other tables, as Parquet, do not have."""
    for data in known:
        keys = pl.read_parquet(io.BytesIO(data), columns=list(KEY))
        frame = frame.join(keys, on=list(KEY), how="anti", maintain_order="left")
    return frame


def by_day(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The rows of each day, in UTC."""
    days = frame.with_columns(pl.col("time").dt.strftime("%Y-%m-%d").alias("_day"))
    return {str(day[0]): part.drop("_day") for day, part in days.partition_by("_day", as_dict=True).items()}


def name_of(frame: pl.DataFrame) -> str:
    """A name for these rows and no others."""
    keys = frame.select("id", pl.col("time").dt.epoch("ms"), "row").rows()
    return hexadecimal(digest_of_value([list(key) for key in keys]))[:32]


def to_parquet(frame: pl.DataFrame) -> bytes:
    """A table as Parquet, in the compression that every reader knows."""
    data = io.BytesIO()
    frame.write_parquet(data, compression="snappy")
    return data.getvalue()


def from_parquet(files: Sequence[bytes]) -> pl.DataFrame:
    """Tables put together; a column that some do not have is empty there."""
    if not files:
        return pl.DataFrame(schema=_COMMON)
    tables = [pl.read_parquet(io.BytesIO(data)) for data in files]
    return pl.concat(tables, how="diagonal_relaxed").unique(KEY, keep="first").sort(*reversed(KEY[:2]), KEY[2])


def _series(name: str, values: list[Any], hint: str | None) -> pl.Series:
    if name in _COMMON:
        return pl.Series(name, values, _COMMON[name])
    kinds = {type(value) for value in values} - {type(None)}
    if kinds <= {bool}:
        kind: Any = pl.Boolean
    elif kinds == {int} and all(-(2**63) <= value < 2**63 for value in values if value is not None):
        kind = pl.Int64
    elif kinds <= {int, float}:
        kind = pl.Float64
    else:
        kind = pl.String
        values = [value if isinstance(value, str | None) else json.dumps(value) for value in values]
    wanted = _of_signature(hint)
    if wanted and (not kinds or (kind, wanted) == (pl.Int64, pl.Float64)):
        kind = wanted
    return pl.Series(name, values, kind, strict=False)


def _of_signature(hint: str | None) -> Any:
    text = (hint or "").lower()
    return next((kind for beginning, kind in _KINDS.items() if text.startswith(beginning)), None)


def _answered(name: str) -> str:
    """The column of an output: what is not ours to name cannot take the name of another column."""
    return name if name == "prediction" or name.startswith("score.") else f"output.{name}"
