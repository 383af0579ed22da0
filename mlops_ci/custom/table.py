"""The table of predictions, in the order of its ids, as the gate reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mlops_ci.custom.trouble import UserError

Array = np.ndarray


class Columns(Mapping):  # type: ignore[type-arg]
    """Columns by name, or some rows of them, taken when asked for and not to be written to."""

    def __init__(self, columns: dict[str, Array], rows: Array | None = None) -> None:
        self._columns = columns
        self._rows = rows
        self._taken: dict[str, Array] = {}

    def __getitem__(self, name: str) -> Array:
        """The values of a column, one a row."""
        if name not in self._taken:
            if name not in self._columns:
                known = ", ".join(list(self._columns)[:20])
                raise KeyError(f"no column {name!r}; the predictions have: {known}")
            column = self._columns[name]
            taken = column.view() if self._rows is None else column[self._rows]
            taken.flags.writeable = False
            self._taken[name] = taken
        return self._taken[name]

    def __iter__(self) -> Iterator[str]:
        """The names of the columns."""
        return iter(self._columns)

    def __len__(self) -> int:
        """How many columns there are."""
        return len(self._columns)


class Table:
    """All columns, the number of rows, and the units that are resampled whole: rows, or groups of them."""

    def __init__(self, columns: dict[str, Array], rows: int, groups: Array | None, ids: Any) -> None:
        self.columns = columns
        self.rows = rows
        self.grouped = groups is not None
        codes = np.arange(rows) if groups is None else groups
        self._order = np.argsort(codes, kind="stable")
        self._sizes = np.bincount(codes)
        self._starts = np.cumsum(self._sizes) - self._sizes
        self.units = len(self._sizes)
        # Two files on the same rows are resampled alike, which is what pairs them.
        digest = hashlib.sha256(f"{rows}\n".encode())
        digest.update(np.ascontiguousarray(codes, dtype="<i8").tobytes())
        digest.update("\n".join(ids or ()).encode())
        self.pairing = digest.hexdigest()

    def rows_of(self, units: Array) -> Array:
        """The numbers of all rows of some units, in their order."""
        if not self.grouped:
            return units
        sizes = self._sizes[units]
        first = np.repeat(self._starts[units] - (np.cumsum(sizes) - sizes), sizes)
        rows: Array = self._order[first + np.arange(sizes.sum())]
        return rows


def read_table(path: Path, identity: str | None, group: str | None) -> Table:
    """Read a table of predictions.

    Raises:
        UserError: it cannot be read, or a column is missing.
    """
    import polars as pl

    try:
        if path.suffix.lower() == ".parquet":
            frame = pl.read_parquet(path)
        else:
            separator = "\t" if path.suffix.lower() == ".tsv" else ","
            header = pl.read_csv(path, separator=separator, n_rows=0).columns
            texts = {name: pl.String for name in (identity or "id", group or "group") if name in header}
            frame = pl.read_csv(path, separator=separator, infer_schema_length=None, schema_overrides=texts)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"the predictions cannot be read: {str(error).splitlines()[0]}") from error
    identity = identity or ("id" if "id" in frame.columns else None)
    group = group or ("group" if "group" in frame.columns else None)
    for name in (identity, group):
        if name and name not in frame.columns:
            raise UserError(f"the predictions have no column {name!r}")
    if identity:
        frame = frame[frame[identity].cast(pl.String).arg_sort()]
    codes = (frame[group].cast(pl.String).rank("dense") - 1).to_numpy().astype(np.int64) if group else None
    ids = frame[identity].cast(pl.String).to_list() if identity else None
    return Table({name: frame[name].to_numpy() for name in frame.columns}, frame.height, codes, ids)
