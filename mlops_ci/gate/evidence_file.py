"""Reads predictions and metrics files as evidence."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlops_ci.edge.tables import read_table, require_columns
from mlops_ci.errors import UsageError
from mlops_ci.gate.evidence import Evidence
from mlops_ci.metrics import Predictions, Task
from mlops_ci.project.project import PredictionsFile
from mlops_ci.records.digest import digest_of_value

if TYPE_CHECKING:
    import polars as pl

_MISSING = "(missing)"
_SHOWN = 5
_SLACK = 1e-6  # a float32 probability strays so far from [0, 1]


@dataclass(frozen=True, slots=True)
class PredictionsFormat:
    """How to understand a predictions file. ``positive`` is needed where a binary target is not 0/1 or boolean."""

    columns: PredictionsFile
    task: Task
    positive: Any
    slices: tuple[str, ...]


def read_evidence(file: Path, how: PredictionsFormat, *, called: str) -> Evidence:
    """Read predictions.

    Raises:
        UsageError: the file or a column is missing, ids repeat, the target has gaps, or labels do not fit the task.
    """
    frame = read_table(file, called=called)
    columns = how.columns
    identity = columns.id or ("id" if "id" in frame.columns else None)
    require_columns(frame, [columns.target, *([identity] if identity else []), *how.slices], called=called)
    if identity:
        frame = _in_order_of_ids(frame, identity, called)
    if frame[columns.target].null_count():
        raise UsageError(f"the target column {columns.target!r} has missing values", where=called)
    predictions = _predictions(frame, how, called)
    ids = frame[identity].cast(str).to_list() if identity else None
    return Evidence(
        predictions=predictions,
        evaluation_set=_set_identity(ids, predictions),
        slices={name: _texts(frame[name], missing=_MISSING) for name in how.slices},
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


def _in_order_of_ids(frame: pl.DataFrame, identity: str, called: str) -> pl.DataFrame:
    ids = frame[identity].cast(str)
    if ids.null_count():
        raise UsageError(f"the id column {identity!r} has missing values", where=called)
    if ids.n_unique() != frame.height:
        repeated = ids.filter(ids.is_duplicated())[0]
        raise UsageError(f"the id {repeated!r} appears twice", where=called, hint="an id must name one row")
    return frame[ids.arg_sort()]


def _predictions(frame: pl.DataFrame, how: PredictionsFormat, called: str) -> Predictions:
    prediction = how.columns.prediction or ("prediction" if "prediction" in frame.columns else None)
    if prediction:
        require_columns(frame, [prediction], called=called)
        if frame[prediction].null_count():
            raise UsageError(f"the prediction column {prediction!r} has missing values", where=called)
    target = frame[how.columns.target]
    answers = frame[prediction] if prediction else None
    if how.task == "regression":
        return _regression(target, answers, called)
    if how.task == "binary":
        return _binary(frame, target, answers, how, called)
    return _multiclass(frame, target, answers, how, called)


def _regression(target: pl.Series, answers: pl.Series | None, called: str) -> Predictions:
    if answers is None:
        raise UsageError("there is no prediction column", where=called, hint="name it in predictions.prediction")
    return Predictions("regression", _floats(target, called), _floats(answers, called), None, ())


def _binary(
    frame: pl.DataFrame, target: pl.Series, answers: pl.Series | None, how: PredictionsFormat, called: str
) -> Predictions:
    score = how.columns.score or ("score" if "score" in frame.columns else None)
    if score:
        require_columns(frame, [score], called=called)
    if not score and answers is None:
        raise UsageError(
            "there is neither a prediction nor a score column",
            where=called,
            hint="name one in evaluation.predictions",
        )
    truths = _labels(target)
    labels = sorted(set(truths.to_list()))
    positive = _positive_label(labels, how.positive, called)
    if len(labels) > 2:
        raise UsageError(f"a binary target has two values, this one {len(labels)}: {_some(labels)}", where=called)
    negative = next((label for label in labels if label != positive), f"not {positive}")
    predicted = None
    if answers is not None:
        texts = _labels(answers)
        strange = sorted(set(texts.to_list()) - {positive, negative})
        if strange:
            raise UsageError(f"predictions are not labels of the target: {_some(strange)}", where=called)
        predicted = (texts == positive).to_numpy()
    found = Predictions(
        "binary",
        (truths == positive).to_numpy(),
        predicted,
        _floats(frame[score], called) if score else None,
        (negative, positive),
    )
    return _with_answers(found)


def _positive_label(labels: list[str], positive: Any, called: str) -> str:
    if positive is not None:
        text = str(positive).lower() if isinstance(positive, bool) else str(positive)
        if text not in labels:
            raise UsageError(
                f"the positive label {text!r} does not occur in the target",
                where=called,
                hint=f"its values are {_some(labels)}",
            )
        return text
    if set(labels) <= {"true", "false"}:
        return "true"
    if set(labels) <= {"0", "1"}:
        return "1"
    raise UsageError(
        f"which value of the target is positive? Its values are {_some(labels)}",
        where=called,
        hint="name it as evaluation.positive, or with --positive",
    )


def _multiclass(
    frame: pl.DataFrame, target: pl.Series, answers: pl.Series | None, how: PredictionsFormat, called: str
) -> Predictions:
    prefix = how.columns.score or "score_"
    scored = [name.removeprefix(prefix) for name in frame.columns if name.startswith(prefix)]
    truths = _labels(target).to_list()
    answered = _labels(answers).to_list() if answers is not None else []
    if scored and not set(truths) <= set(scored):
        raise UsageError(
            f"no score column for the classes {_some(sorted(set(truths) - set(scored)))}",
            where=called,
            hint=f"write one column {prefix}<class> for each class",
        )
    if not scored and answers is None:
        raise UsageError(
            "there are neither predictions nor scores", where=called, hint="name them in evaluation.predictions"
        )
    classes = scored + sorted({*truths, *answered} - set(scored))
    if len(classes) == 1:
        classes.append(f"not {classes[0]}")
    code = {label: index for index, label in enumerate(classes)}
    scores = np.column_stack([_floats(frame[prefix + name], called) for name in scored]) if scored else None
    if scores is not None and len(scored) < len(classes):  # a predicted class without a score has none of it
        scores = np.pad(scores, ((0, 0), (0, len(classes) - len(scored))))
    found = Predictions(
        "multiclass",
        np.array([code[label] for label in truths]),
        np.array([code[label] for label in answered]) if answers is not None else None,
        scores,
        tuple(classes),
    )
    return _with_answers(found)


def _labels(column: pl.Series) -> pl.Series:
    """Class labels as text, the same for 1 and 1.0: a CSV file and a Parquet file mean the same rows."""
    if column.dtype.is_float() and column.is_finite().all() and (column == column.round()).all():
        column = column.cast(int)
    return column.cast(str)


def _with_answers(predictions: Predictions) -> Predictions:
    """Derive predictions from scores that are probabilities; of others nobody knows where to cut."""
    score = predictions.score
    if score is not None and ((score < -_SLACK) | (score > 1 + _SLACK)).any():
        return predictions
    return predictions.with_prediction()


def _floats(column: pl.Series, called: str) -> npt.NDArray[np.float64]:
    if not column.dtype.is_numeric() and column.null_count() != len(column):
        raise UsageError(f"the column {column.name!r} holds {column.dtype}, not numbers", where=called)
    return np.asarray(column.cast(float).fill_null(float("nan")).to_numpy(), dtype=np.float64)


def _texts(column: pl.Series, *, missing: str) -> npt.NDArray[np.str_]:
    return np.array([missing if text is None else text for text in column.cast(str).to_list()], dtype=np.str_)


def _set_identity(ids: list[str] | None, predictions: Predictions) -> str:
    """Digest of the (id, target) pairs, or of the targets in row order, whatever the file's format."""
    if predictions.task == "regression":
        targets: list[Any] = predictions.target.tolist()
    else:
        targets = [predictions.classes[code] for code in predictions.target.astype(int)]
    return digest_of_value([ids, targets])


def _some(labels: Iterable[str]) -> str:
    labels = list(labels)
    return ", ".join(map(repr, labels[:_SHOWN])) + (", …" if len(labels) > _SHOWN else "")
