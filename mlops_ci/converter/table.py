"""The rows that a model is tried on: columns of numbers, truth values or texts."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

import numpy as np

from mlops_ci.converter.trouble import BrokenInputError, one_line

Array = np.ndarray[Any, Any]
MOST_ROWS = 100_000


class Table:
    """Columns of equal length: float64, float32, int64 or bool, or texts as objects (``None`` where missing)."""

    def __init__(self, columns: dict[str, Array]) -> None:
        self.columns = columns
        self.rows = len(next(iter(columns.values()))) if columns else 0

    def take(self, names: Sequence[str]) -> Table:
        """Some of the columns, in that order."""
        return Table({name: self.columns[name] for name in names})

    def sized(self, rows: int) -> Table:
        """So many rows: the first ones, or all of them again and again."""
        if rows <= self.rows:
            return Table({name: column[:rows] for name, column in self.columns.items()})
        order = np.arange(rows) % self.rows
        return Table({name: column[order] for name, column in self.columns.items()})

    def texts(self) -> list[str]:
        """Names of the columns that hold texts."""
        return [name for name, column in self.columns.items() if column.dtype.kind == "O"]

    def matrix(self) -> Array:
        """All columns as one float array; float32 only if every column is."""
        wide = [column.astype(np.float64) if column.dtype != np.float32 else column for column in self.columns.values()]
        return np.ascontiguousarray(np.stack(wide, axis=1))

    def frame(self) -> Any:
        """All columns as a data frame of pandas, or of polars where there is no pandas."""
        try:
            import pandas
        except ImportError:
            import polars

            return polars.DataFrame({name: column.tolist() for name, column in self.columns.items()})
        return pandas.DataFrame(self.columns)


def read_table(path: Path, columns: Optional[Sequence[str]] = None) -> Table:
    """Read Parquet, CSV, TSV, or JSON (a list of objects); at most ``MOST_ROWS`` rows.

    Raises:
        BrokenInputError: there is no such file or column, it holds no rows, or nothing here can read it.
    """
    if not path.is_file():
        raise BrokenInputError(f"no such file of rows; {path}")
    try:
        found = _read(path)
    except BrokenInputError:
        raise
    except Exception as error:  # each library has exceptions of its own
        raise BrokenInputError(f"the rows cannot be read: {one_line(error)}; {path}") from error
    missing = [name for name in columns or () if name not in found]
    if missing:
        raise BrokenInputError(f"the rows have no column {', '.join(map(repr, missing))}; {path}")
    table = Table({name: _column(name, found[name]) for name in (columns or found)})
    if not table.rows:
        raise BrokenInputError(f"there are no rows; {path}")
    return table.sized(min(table.rows, MOST_ROWS))


def _read(path: Path) -> dict[str, Any]:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _read_parquet(path)
    if suffix in (".csv", ".tsv"):
        return _read_csv(path, "\t" if suffix == ".tsv" else ",")
    if suffix == ".json":
        objects = json.loads(path.read_text("utf-8"))
        return {name: [each.get(name) for each in objects] for name in objects[0]} if objects else {}
    raise BrokenInputError(f"not a table: use .parquet, .csv, .tsv or .json; {path}")


def _read_parquet(path: Path) -> dict[str, Any]:
    try:
        import polars
    except ImportError:
        pass
    else:
        frame = polars.read_parquet(path)
        return {name: _plain(frame[name]) for name in frame.columns}
    try:
        import pyarrow.parquet
    except ImportError:
        raise BrokenInputError(f"neither polars nor pyarrow is there to read Parquet; {path}") from None
    read = pyarrow.parquet.read_table(path)
    return {name: read.column(name).to_pylist() for name in read.column_names}


def _plain(column: Any) -> Any:
    if column.dtype.is_numeric() and not column.null_count() and not column.dtype.is_decimal():
        return column.to_numpy()
    return column.to_list()


def _read_csv(path: Path, separator: str) -> dict[str, Any]:
    try:
        import polars
    except ImportError:
        pass
    else:
        frame = polars.read_csv(path, separator=separator, infer_schema_length=None)
        return {name: _plain(frame[name]) for name in frame.columns}
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file, delimiter=separator))
    texts = [[row[at] or None for row in rows[1:] if row] for at in range(len(rows[0]))] if rows else []
    return {name: _typed(values) for name, values in zip(rows[0] if rows else [], texts)}


def _typed(texts: list[Optional[str]]) -> list[Any]:
    if texts and all(text is None or text.lower() in ("true", "false") for text in texts) and any(texts):
        return [None if text is None else text.lower() == "true" for text in texts]
    for kind in (int, float):
        try:
            return [None if text is None else kind(text) for text in texts]
        except ValueError:
            continue
    return texts


def _column(name: str, values: Any) -> Array:
    if isinstance(values, np.ndarray) and values.dtype.kind in "iufb":
        return _numbers(values)
    given = list(values)
    kinds = {type(value) for value in given if value is not None}
    if kinds <= {bool} and None not in given and given:
        return np.array(given, bool)
    if kinds <= {int} and kinds and None not in given:
        return np.array(given, np.int64)
    if kinds <= {int, float, bool}:
        return np.array([math.nan if value is None else float(value) for value in given], np.float64)
    if kinds <= {str}:
        return np.array(given, object)
    if {kind.__name__ for kind in kinds} <= {"Decimal", "int", "float"}:
        return np.array([math.nan if value is None else float(value) for value in given], np.float64)
    # Times and the like are no business of a model, but may stand in the file; a model that asks for one is refused.
    return np.array([None if value is None else str(value) for value in given], object)


def _numbers(values: Array) -> Array:
    if values.dtype.kind == "f":
        return values.astype(np.float32 if values.dtype == np.float32 else np.float64)
    return values if values.dtype.kind == "b" else values.astype(np.int64)
