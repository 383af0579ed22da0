"""Reads predictions and metrics files as evidence."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlops_ci.edge.tables import read_table, require_columns
from mlops_ci.errors import UsageError
from mlops_ci.gate.evidence import Evidence
from mlops_ci.gate.reading.evidence_tasks import Rows, predictions_of
from mlops_ci.gate.reading.evidence_values import floats, groups, of_rows, texts, weights
from mlops_ci.metrics import Predictions, Task
from mlops_ci.project.project import PredictionsFile
from mlops_ci.records.digest import digest_of_value

if TYPE_CHECKING:
    import polars as pl

_MISSING = "(missing)"


@dataclass(frozen=True, slots=True)
class PredictionsFormat:
    """How to understand a predictions file. ``positive`` is needed where a binary target is not 0/1 or boolean.

    ``slices`` are columns of text, ``named`` columns of numbers that metrics are computed from.
    """

    columns: PredictionsFile
    task: Task
    positive: Any
    slices: tuple[str, ...]
    named: tuple[str, ...] = ()


def read_evidence(file: Path, how: PredictionsFormat, *, called: str, lenient: bool = False) -> Evidence:
    """Read predictions.

    Args:
        file: the table.
        how: what its columns mean.
        called: the name under which the user knows it.
        lenient: a column of slices, or one that metrics are computed from, may be missing: an older version has written
            the file, and only the rules that need the column cannot be judged.

    Raises:
        UsageError: the file or a column is missing, ids repeat, the target has gaps, or values do not fit the task.
    """
    frame, identity = open_predictions(file, how, called)
    columns = how.columns
    named, slices = (
        [name for name in names if not (lenient and name not in frame.columns)] for names in (how.named, how.slices)
    )
    prediction = columns.prediction or _usual("prediction", frame)
    score = columns.score or (None if how.task == "multiclass" else _usual("score", frame))
    weight, group = columns.weight or _usual("weight", frame), columns.group or _usual("group", frame)
    target = None if how.task == "rows" else columns.target
    scored = score if how.task in {"binary", "ranking"} else None
    roles = [target, identity, *slices, *named, prediction if target else None, scored, weight, group]
    require_columns(frame, [name for name in roles if name], called=called)
    if identity:
        frame = _in_order_of_ids(frame, identity, called)
    for name, what in ((target, "target"), (prediction if target else None, "prediction")):
        if name and frame[name].null_count():
            missing = of_rows(frame[name].null_count(), frame.height)
            raise UsageError(f"the {what} column {name!r} has missing values in {missing}", where=called)
    gaps = dict.fromkeys(set(how.named) - set(named), np.full(frame.height, np.nan))
    rows = Rows(
        frame=frame,
        target=columns.target,
        prediction=prediction,
        score=score,
        positive=how.positive,
        weight=weights(frame[weight], called) if weight else None,
        group=groups(frame[group], called) if group else None,
        columns={name: floats(frame[name], called) for name in named} | gaps,
        called=called,
    )
    predictions = predictions_of(how.task, rows)
    ids = frame[identity].cast(str).to_list() if identity else None
    return Evidence(
        predictions=predictions,
        evaluation_set=_set_identity(ids, predictions),
        slices={name: texts(frame[name], missing=_MISSING) for name in slices},
    )


def read_numbers(file: Path, *, called: str) -> dict[str, float | None]:
    """Read a metrics file: a JSON object of numbers; nested objects give dotted names.

    Raises:
        UsageError: it is missing or no such object.
    """
    try:
        value = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise UsageError("the metrics file cannot be read", where=called) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the metrics file is not JSON: {error}", where=called) from error
    if not isinstance(value, dict):
        raise UsageError("the metrics file is not a JSON object of numbers", where=called)
    return dict(_numbers(value, ""))


def _numbers(value: dict[str, Any], prefix: str) -> Iterable[tuple[str, float | None]]:
    for key, item in value.items():
        if isinstance(item, dict):
            yield from _numbers(item, f"{prefix}{key}.")
        elif item is None:
            yield f"{prefix}{key}", None
        elif isinstance(item, int | float) and not isinstance(item, bool):
            yield f"{prefix}{key}", _finite(item)


def _finite(number: float) -> float | None:
    try:
        found = float(number)
    except OverflowError:  # JSON's integers have no limit
        return None
    return found if math.isfinite(found) else None


def open_predictions(file: Path, how: PredictionsFormat, called: str) -> tuple[pl.DataFrame, str | None]:
    """A table of predictions, and the name of its ids; in CSV, ids and the like are text whatever they look like.

    Raises:
        UsageError: the file cannot be read, or has no ids and needs them.
    """
    columns = how.columns
    as_text = {columns.id or "id", columns.group or "group", *how.slices} - {*how.named}
    frame = read_table(file, called=called, texts=as_text)
    identity = columns.id or _usual("id", frame)
    if how.task == "rows" and identity is None:
        raise UsageError(
            "there is no id column, and without a target only ids can say which rows belong together",
            where=called,
            hint="name it in predictions.id, or with --id",
        )
    return frame, identity


def _usual(name: str, frame: pl.DataFrame) -> str | None:
    return name if name in frame.columns else None


def _in_order_of_ids(frame: pl.DataFrame, identity: str, called: str) -> pl.DataFrame:
    ids = frame[identity].cast(str)
    if ids.null_count():
        missing = of_rows(ids.null_count(), frame.height)
        raise UsageError(f"the id column {identity!r} has missing values in {missing}", where=called)
    if ids.n_unique() != frame.height:
        counts = ids.value_counts().sort(["count", identity], descending=[True, False])
        repeated = counts.filter(counts["count"] > 1)
        name, times = repeated.row(0)
        what = f"the id {name!r} appears {'twice' if times == 2 else f'{times:,} times'}"
        if repeated.height > 1:
            what = f"{repeated.height:,} ids appear more than once, such as {name!r} ({times:,} times)"
        raise UsageError(what, where=called, hint="an id must name one row")
    return frame[ids.arg_sort()]


def _set_identity(ids: list[str] | None, predictions: Predictions) -> str:
    """Digest of the (id, target) pairs, or of the targets in row order, whatever the file's format."""
    if predictions.task == "rows":
        return digest_of_value([ids, "rows"])
    if predictions.task in {"regression", "ranking"}:
        targets: list[Any] = (predictions.target + 0.0).tolist()  # -0.0 is 0.0
    else:
        targets = [predictions.classes[code] for code in predictions.target.astype(int)]
    return digest_of_value([ids, targets])
