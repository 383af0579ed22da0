"""Whether a model was trained on rows that it is evaluated on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_ci.edge.tables import read_table, require_columns
from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.gate.reading.evidence_file import PredictionsFormat, open_predictions

if TYPE_CHECKING:
    import polars as pl

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Overlap:
    """Rows of an evaluation set that a model was trained on: how many of how many, and some of their ids."""

    count: int
    rows: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        more = ", …" if self.count > len(self.examples) else ""
        return f"{self.count:,} of {self.rows:,} rows (ids {', '.join(map(repr, self.examples))}{more})"


def overlap(predictions: Path, how: PredictionsFormat, trained_on: Path, *, called: str) -> Overlap | None:
    """The rows of predictions whose ids are in a table of training ids; None if there are none.

    The table's column is called as the ids of the predictions are, unless it has no other.

    Args:
        predictions: the predictions.
        how: how they are read.
        trained_on: the table.
        called: the name under which the user knows the table.

    Raises:
        UsageError: the predictions have no ids, or the table cannot be read or has no such column.
    """
    frame, identity = open_predictions(predictions, how, how.columns.path)
    if identity is None:
        hint = "name their column in predictions.id"
        raise UsageError("the predictions have no ids to compare training_ids with", where=how.columns.path, hint=hint)
    header = read_table(trained_on, called=called).columns
    column = header[0] if len(header) == 1 else identity
    table = read_table(trained_on, called=called, texts={column})
    require_columns(table, [column], called=called)
    ids = _plain(frame[identity])
    common = ids.filter(ids.is_in(_plain(table[column]).implode())).sort()
    return Overlap(len(common), frame.height, tuple(common.head(_SHOWN).to_list())) if len(common) else None


def _plain(ids: pl.Series) -> pl.Series:
    """Ids as text; ``7.0`` is 7, for a missing value elsewhere turns a column of integers into one of floats."""
    return ids.cast(str).str.replace(r"^(-?\d+)\.0+$", "$1")


def require_unseen(predictions: Path, how: PredictionsFormat, trained_on: Path, *, called: str) -> None:
    """Refuse an evaluation on rows that the model was trained on.

    Raises:
        IntegrityError: there are such rows.
        UsageError: one cannot tell.
    """
    if found := overlap(predictions, how, trained_on, called=called):
        hint = "split the data so that no id is on both sides"
        raise IntegrityError(f"the model was trained on {found} of its evaluation set", where=called, hint=hint)
