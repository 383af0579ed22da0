"""Reads what the int8 form of a model answers as if its evaluation had written that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_ci.edge.tables import write_with
from mlops_ci.errors import UsageError
from mlops_ci.gate.evidence import Evidence
from mlops_ci.gate.reading.evidence_file import read_evidence
from mlops_ci.lifecycle.evidence import predictions_format
from mlops_ci.lifecycle.sampling import paired_rows
from mlops_ci.project.project import PredictionsFile, Project, Task
from mlops_ci.records.codec import decode
from mlops_ci.records.conversion import ClassLabel

if TYPE_CHECKING:
    import polars as pl

_CALLED = "the int8 form's answers"
_LARGEST = 256 << 20


@dataclass(frozen=True, slots=True)
class Int8Answers:
    """Answers to each row of ``model.inputs``, by role: see :mod:`mlops_ci.converter.predictions`."""

    rows: int
    classes: tuple[ClassLabel, ...] = ()
    label: tuple[ClassLabel, ...] | None = None
    score: tuple[tuple[float | None, ...], ...] | None = None
    value: tuple[float | None, ...] | None = None


def read_answers(file: Path) -> Int8Answers:
    """Read answers.

    Raises:
        UsageError: they are too many to be judged.
        IntegrityError: they are none.
    """
    if file.stat().st_size > _LARGEST:
        raise UsageError("they are too many", where=_CALLED)
    return decode(file.read_bytes(), Int8Answers, where=_CALLED)


def int8_evidence(
    project: Project, inputs: pl.DataFrame, recorded: pl.DataFrame, answers: Int8Answers, scratch: Path
) -> Evidence:
    """The evaluation's table with these answers in the place of the recorded ones, as evidence.

    Args:
        project: the project.
        inputs: the table of ``model.inputs``.
        recorded: the table of predictions.
        answers: what int8 answers to the inputs.
        scratch: a folder to write to.

    Raises:
        UsageError: the rows are not the same, or the answers are none to the evaluation's question.
    """
    evaluation = project.evaluation
    how = predictions_format(evaluation, project.gate) if evaluation else None
    if how is None:
        raise UsageError("the evaluation has no predictions", where=_CALLED)
    pairs = paired_rows(inputs, recorded, how.columns) or []
    given = [item for item in (answers.label, answers.score, answers.value) if item is not None]
    if len(pairs) != recorded.height or {answers.rows, *map(len, given)} != {inputs.height}:
        raise UsageError("they are to other rows than the predictions", where=_CALLED)
    order = [row for row, _ in sorted(pairs, key=lambda pair: pair[1])]
    columns = _columns(recorded, how.columns, how.task, how.positive, answers)
    file = scratch / "int8.parquet"
    write_with(recorded, {name: [values[row] for row in order] for name, values in columns.items()}, file)
    return read_evidence(file, how, called=_CALLED)


def _columns(
    recorded: pl.DataFrame, names: PredictionsFile, task: Task, positive: Any, answers: Int8Answers
) -> dict[str, list[Any]]:
    """By column of the recorded predictions, what int8 answers to every row of the inputs."""
    prediction = names.prediction or "prediction"
    found: dict[str, list[Any]] = {}
    if prediction in recorded.columns:
        labels = answers.value if task == "regression" else answers.label
        found[prediction] = list(map(_text, _needed(labels))) if task != "regression" else list(_needed(labels))
    if task == "binary":
        score = names.score or "score"
        if score in recorded.columns:
            found[score] = _binary_scores(answers, positive)
    elif task == "multiclass":
        prefix = names.score or "score_"
        for name in recorded.columns:
            if name.startswith(prefix):
                found[name] = _scores_of(answers, name.removeprefix(prefix))
    return found


def _binary_scores(answers: Int8Answers, positive: Any) -> list[Any]:
    if answers.score is None:
        return list(_needed(answers.value))  # a model that answers the probability alone
    if positive is not None:
        return _scores_of(answers, _text(positive))
    return _scores_of(answers, next((text for text in map(_text, answers.classes) if text in {"true", "1"}), ""))


def _scores_of(answers: Int8Answers, label: str) -> list[Any]:
    texts = list(map(_text, answers.classes))
    if label not in texts:
        raise UsageError(f"the model knows no class {label!r}", where=_CALLED)
    place = texts.index(label)
    scores = _needed(answers.score)
    if any(len(row) != len(texts) for row in scores):
        raise UsageError("a row has other scores than there are classes", where=_CALLED)
    return [row[place] for row in scores]


def _needed(answer: tuple[Any, ...] | None) -> tuple[Any, ...]:
    if answer is None:
        raise UsageError("the model does not answer what was recorded", where=_CALLED)
    return answer


def _text(label: Any) -> str:
    """A label as the gate writes it: the same for 1 and 1.0, truth values in small letters."""
    if isinstance(label, bool):
        return str(label).lower()
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)
