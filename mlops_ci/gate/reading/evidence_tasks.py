"""The rows of a predictions file, by what the model is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlops_ci.errors import UsageError
from mlops_ci.gate.reading.evidence_values import floats, labels, of_rows, some
from mlops_ci.metrics import Predictions, Task

if TYPE_CHECKING:
    import polars as pl

_SLACK = 1e-6  # a float32 probability strays so far from [0, 1]


@dataclass(frozen=True, slots=True)
class Rows:
    """A table whose columns are known by their roles, which all exist; ``score`` is a prefix if multiclass.

    Each row's ``weight``, ``group`` and further ``columns`` are arrays already. ``called`` is for messages.
    """

    frame: pl.DataFrame
    target: str
    prediction: str | None
    score: str | None
    positive: Any
    weight: npt.NDArray[np.float64] | None
    group: npt.NDArray[np.int64] | None
    columns: Mapping[str, npt.NDArray[np.float64]]
    called: str

    def predictions(
        self,
        task: Task,
        target: npt.NDArray[Any],
        prediction: npt.NDArray[Any] | None,
        score: npt.NDArray[np.float64] | None,
        classes: tuple[str, ...] = (),
    ) -> Predictions:
        """These answers with what else is known of each row."""
        return Predictions(task, target, prediction, score, classes, self.weight, self.group, self.columns)


def predictions_of(task: Task, rows: Rows) -> Predictions:
    """The rows as predictions.

    Raises:
        UsageError: a value does not fit the task, or there is nothing to judge.
    """
    if task == "binary":
        return _binary(rows)
    if task == "multiclass":
        return _multiclass(rows)
    if task == "regression":
        return _regression(rows)
    if task == "ranking":
        return _ranking(rows)
    return rows.predictions("rows", np.zeros(rows.frame.height), None, None)


def _regression(rows: Rows) -> Predictions:
    if rows.prediction is None:
        raise UsageError("there is no prediction column", where=rows.called, hint="name it in predictions.prediction")
    target, answer = (floats(rows.frame[name], rows.called) for name in (rows.target, rows.prediction))
    return rows.predictions("regression", target, answer, None)


def _ranking(rows: Rows) -> Predictions:
    called = rows.called
    if rows.score is None:
        raise UsageError("there is no score column to rank by", where=called, hint="name it in predictions.score")
    if rows.group is None:
        raise UsageError(
            "there is no group column: which documents answer the same query?",
            where=called,
            hint="name it in predictions.group, or with --group",
        )
    relevance = floats(rows.frame[rows.target], called)
    bad = int((~(relevance >= 0) | np.isinf(relevance)).sum())
    if bad:
        raise UsageError(
            f"the relevance {rows.target!r} is negative or no number in {of_rows(bad, len(relevance))}", where=called
        )
    return rows.predictions("ranking", relevance, None, floats(rows.frame[rows.score], called))


def _binary(rows: Rows) -> Predictions:
    called = rows.called
    if not rows.score and not rows.prediction:
        raise UsageError(
            "there is neither a prediction nor a score column",
            where=called,
            hint="name one in evaluation.predictions",
        )
    truths = labels(rows.frame[rows.target])
    known = sorted(truths.unique().to_list())
    positive = _positive_label(known, rows.positive, called)
    if len(known) > 2:
        raise UsageError(f"a binary target has two values, this one {len(known)}: {some(known)}", where=called)
    negative = next((label for label in known if label != positive), f"not {positive}")
    predicted = None
    if rows.prediction:
        answers = labels(rows.frame[rows.prediction])
        strange = sorted(set(answers.unique().to_list()) - {positive, negative})
        if strange:
            raise UsageError(
                f"predictions are not labels of the target: {some(strange)}",
                where=called,
                hint=f"the target has {some(known)}",
            )
        predicted = (answers == positive).to_numpy()
    score = floats(rows.frame[rows.score], called) if rows.score else None
    found = rows.predictions("binary", (truths == positive).to_numpy(), predicted, score, (negative, positive))
    return _with_answers(found)


def _positive_label(known: list[str], positive: Any, called: str) -> str:
    if positive is not None:
        text = str(positive).lower() if isinstance(positive, bool) else str(positive)
        if text not in known:
            raise UsageError(
                f"the positive label {text!r} does not occur in the target",
                where=called,
                hint=f"its values are {some(known)}",
            )
        return text
    if set(known) <= {"true", "false"}:
        return "true"
    if set(known) <= {"0", "1"}:
        return "1"
    raise UsageError(
        f"which value of the target is positive? Its values are {some(known)}",
        where=called,
        hint="name it as evaluation.positive, or with --positive",
    )


def _multiclass(rows: Rows) -> Predictions:
    frame, called, prefix = rows.frame, rows.called, rows.score or "score_"
    scored = [name.removeprefix(prefix) for name in frame.columns if name.startswith(prefix) and name != prefix]
    truths = labels(frame[rows.target]).to_list()
    answered = labels(frame[rows.prediction]).to_list() if rows.prediction else []
    if scored and not set(truths) <= set(scored):
        raise UsageError(
            f"no score column for the classes {some(sorted(set(truths) - set(scored)))}",
            where=called,
            hint=f"write one column {prefix}<class> for each class",
        )
    if not scored and not rows.prediction:
        raise _without_answers(rows, truths)
    classes = scored + sorted({*truths, *answered} - set(scored))
    if len(classes) == 1:
        classes.append(f"not {classes[0]}")
    code = {label: index for index, label in enumerate(classes)}
    scores = np.column_stack([floats(frame[prefix + name], called) for name in scored]) if scored else None
    if scores is not None and len(scored) < len(classes):  # a predicted class without a score has none of it
        scores = np.pad(scores, ((0, 0), (0, len(classes) - len(scored))))
    found = rows.predictions(
        "multiclass",
        np.array([code[label] for label in truths]),
        np.array([code[label] for label in answered]) if rows.prediction else None,
        scores,
        tuple(classes),
    )
    return _with_answers(found)


def _without_answers(rows: Rows, truths: list[str]) -> UsageError:
    single, called = rows.score or "score", rows.called
    if single not in rows.frame.columns:
        what = "there are neither predictions nor scores"
        return UsageError(what, where=called, hint="name them in evaluation.predictions")
    counts = Counter(sorted(truths))
    if len(counts) <= 2:
        what = f"which value of the target is {single!r} the score of? Its values are {some(counts)}"
        return UsageError(what, where=called, hint="name it as evaluation.positive, or with --positive")
    value, count = counts.most_common()[-1]
    return UsageError(
        f"the target has {len(counts):,} values, and a single column {single!r} of scores needs 2",
        where=called,
        hint=f"{value!r} is in {of_rows(count, len(truths))}; if it belongs there, write one column of scores a class",
    )


def _with_answers(predictions: Predictions) -> Predictions:
    """Derive predictions from scores that are probabilities; of others nobody knows where to cut."""
    score = predictions.score
    if score is not None and ((score < -_SLACK) | (score > 1 + _SLACK)).any():
        return predictions
    return predictions.with_prediction()
