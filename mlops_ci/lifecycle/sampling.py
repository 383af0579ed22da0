"""Takes a few real rows of what a model eats, and what it answered to them, from the tables of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_ci.edge.tables import columns_of, rows_of
from mlops_ci.metrics import Predictions
from mlops_ci.project.project import EvaluationChoice, PredictionsFile
from mlops_ci.records.codec import encode
from mlops_ci.records.samples import SAMPLES_FORMAT, Samples

if TYPE_CHECKING:
    import polars as pl

_MOST_ROWS = 100
_LARGEST = 1 << 20  # bytes
_TRUTHS: Mapping[str, Any] = {"true": True, "1": 1}


def samples_from(
    inputs: pl.DataFrame,
    names: tuple[str, ...],
    answers: pl.DataFrame | None,
    evaluation: EvaluationChoice | None,
    predictions: Predictions | None,
) -> Samples | None:
    """Rows that are spread evenly over the table, the same ones whoever asks.

    Args:
        inputs: the table of ``model.inputs``.
        names: the columns that the model eats.
        answers: the table of predictions, if there is one.
        evaluation: what its columns are called.
        predictions: the same as they were understood.

    Returns:
        None where even one row is larger than is kept.
    """
    paired, recorded = range(inputs.height), None
    columns = evaluation.predictions if evaluation else None
    if answers is not None and columns and (found := paired_rows(inputs, answers, columns)):
        paired, recorded = range(len(found)), found
    count = min(_MOST_ROWS, len(paired))
    while count:
        picked = [index * len(paired) // count for index in range(count)]
        rows = picked if recorded is None else [recorded[index][0] for index in picked]
        samples = Samples(
            format=SAMPLES_FORMAT,
            columns=columns_of(inputs, names),
            rows=rows_of(inputs, names, rows),
            predictions=_recorded(answers, columns, [recorded[index][1] for index in picked])
            if answers is not None and columns and recorded
            else {},
            positive=_positive(evaluation, predictions),
        )
        if len(encode(samples)) <= _LARGEST:
            return samples
        count //= 2
    return None


def paired_rows(inputs: pl.DataFrame, answers: pl.DataFrame, columns: PredictionsFile) -> list[tuple[int, int]] | None:
    """Which row of the inputs each prediction answers: by id where both tables have it, else by order.

    Pairs are (row of the inputs, row of the predictions), in the order of the inputs. None where nothing says that the
    tables have the same rows.
    """
    identity = columns.id or "id"
    if identity in inputs.columns and identity in answers.columns:
        ids = inputs[identity].cast(str)
        places = {name: row for row, name in enumerate(answers[identity].cast(str).to_list())}
        if ids.null_count() or ids.n_unique() != inputs.height:
            return None
        return [(row, places[name]) for row, name in enumerate(ids.to_list()) if name in places] or None
    if inputs.height != answers.height:
        return None
    # The truth in both tables shows whether the order is the same.
    target = columns.target
    if target in inputs.columns and not inputs[target].cast(str).equals(answers[target].cast(str), null_equal=True):
        return None
    return [(row, row) for row in range(inputs.height)]


def _recorded(answers: pl.DataFrame, columns: PredictionsFile, rows: list[int]) -> dict[str, tuple[Any, ...]]:
    names = {name: called for name in answers.columns if (called := _called(name, columns))}
    found = rows_of(answers, list(names), rows)
    return {called: tuple(row[place] for row in found) for place, called in enumerate(names.values())}


def _called(name: str, columns: PredictionsFile) -> str | None:
    """The usual name of a column of answers; None for any other column."""
    if name == (columns.prediction or "prediction"):
        return "prediction"
    if name == (columns.score or "score"):
        return "score"
    prefix = columns.score or "score_"
    return f"score_{name.removeprefix(prefix)}" if name.startswith(prefix) else None


def _positive(evaluation: EvaluationChoice | None, predictions: Predictions | None) -> Any:
    if evaluation is None or predictions is None or predictions.task != "binary":
        return None
    return evaluation.positive if evaluation.positive is not None else _TRUTHS.get(predictions.classes[1])
