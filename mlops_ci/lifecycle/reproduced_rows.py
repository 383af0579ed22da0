"""How far predictions are from those on record, row by row."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_ci.gate.reading.evidence_file import PredictionsFormat, open_predictions
from mlops_ci.records.reproduction import AgainRows

if TYPE_CHECKING:
    import polars as pl


def compare_rows(recorded: Path, again: Path, how: PredictionsFormat) -> AgainRows:
    """Compare two files of predictions: rows by id where both have ids, else by order if they are as many.

    Raises:
        UsageError: one of them cannot be read.
    """
    then, their_id = open_predictions(recorded, how, "the predictions on record")
    now, our_id = open_predictions(again, how, how.columns.path)
    pairs = _pairs(then, now, their_id if their_id == our_id else None)
    names = [name for name in then.columns if name in now.columns]
    before, after = ({name: frame[name].to_list() for name in names} for frame in (then, now))
    complete = len(names) == len(then.columns) == len(now.columns)
    equal = mismatches = 0
    largest, column = 0.0, None
    for one, other in pairs:
        same, alike = complete, True
        for name in names:
            a, b = before[name][one], after[name][other]
            if _is_number(a) and _is_number(b):
                apart = _apart(a, b)
                same = same and apart == 0
                if apart > largest:
                    largest, column = apart, name
            elif a != b:
                same = alike = False
        equal += same
        mismatches += not alike
    return AgainRows(then.height, now.height, equal, mismatches, largest if pairs else None, column)


def _pairs(then: pl.DataFrame, now: pl.DataFrame, identity: str | None) -> list[tuple[int, int]]:
    if identity:
        places = {name: row for row, name in enumerate(now[identity].cast(str).to_list())}
        ids = then[identity].cast(str).to_list()
        return [(row, places[name]) for row, name in enumerate(ids) if name in places]
    return [(row, row) for row in range(then.height)] if then.height == now.height else []


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _apart(a: float, b: float) -> float:
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    apart = abs(a - b) / max(1.0, abs(a))
    return apart if math.isfinite(apart) else math.inf
