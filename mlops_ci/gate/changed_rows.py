"""The rows that two models answer most differently. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_ci.metrics import METRICS, Predictions
from mlops_ci.records.explanation import ChangedRow, ChangedRows

SHOWN = 10
# Which metric's rows tell how wrong an answer is, and what that is called.
_LOSSES = {
    "binary": ("log_loss", "log loss"),
    "multiclass": ("log_loss", "log loss"),
    "regression": ("mae", "absolute error"),
}
_NONE: npt.NDArray[np.intp] = np.empty(0, dtype=np.intp)


def changed_rows(
    candidate: Predictions,
    baseline: Predictions,
    ids: Sequence[str] | npt.NDArray[np.str_] | None,
    columns: Mapping[str, npt.NDArray[np.str_]],
) -> ChangedRows | None:
    """Rows newly wrong, newly right, and those whose loss changed most; None for a task that has no answers.

    Args:
        candidate: its answers.
        baseline: the other model's, on the same rows.
        ids: the rows' names; without, they are numbered from 1 in the order of the file.
        columns: what else to tell of a row.
    """
    change, loss = _loss_change(candidate, baseline)
    wrong, right, counted = _NONE, _NONE, False
    answered = candidate.prediction is not None and baseline.prediction is not None
    if candidate.task in {"binary", "multiclass"} and answered:
        ours, theirs = candidate.prediction == candidate.target, baseline.prediction == baseline.target
        wrong, right, counted = np.flatnonzero(~ours & theirs), np.flatnonzero(ours & ~theirs), True
    if not counted and change is None:
        return None

    def told(rows: npt.NDArray[np.intp]) -> tuple[ChangedRow, ...]:
        return tuple(
            ChangedRow(
                row=str(ids[row]) if ids is not None else f"{row + 1}",
                target=_label(candidate, candidate.target[row]),
                baseline=_answer(baseline, row),
                candidate=_answer(candidate, row),
                loss_change=None if change is None else float(change[row]),
                columns={name: str(values[row]) for name, values in columns.items()},
            )
            for row in rows.tolist()
        )

    return ChangedRows(
        wrong=len(wrong) if counted else None,
        right=len(right) if counted else None,
        newly_wrong=told(_first(wrong, change, -1.0)),
        newly_right=told(_first(right, change, 1.0)),
        largest=told(_largest(change)),
        loss=loss if change is not None else None,
        score_of=candidate.classes[1] if candidate.task == "binary" and candidate.score is not None else None,
    )


def _loss_change(candidate: Predictions, baseline: Predictions) -> tuple[npt.NDArray[np.float64] | None, str]:
    if candidate.task not in _LOSSES:
        return None, ""
    name, called = _LOSSES[candidate.task]
    metric = METRICS[name]
    if any(getattr(side, metric.needs) is None for side in (candidate, baseline)):
        return None, called
    moments: Any = metric.form
    change: npt.NDArray[np.float64] = (moments.moments(candidate) - moments.moments(baseline))[:, 0]
    return (change if np.isfinite(change).all() else None), called


def _first(rows: npt.NDArray[np.intp], change: npt.NDArray[np.float64] | None, sign: float) -> npt.NDArray[np.intp]:
    """The rows with the largest change in a direction; without a loss, the first ones."""
    return rows[:SHOWN] if change is None else rows[np.argsort(sign * change[rows], kind="stable")][:SHOWN]


def _largest(change: npt.NDArray[np.float64] | None) -> npt.NDArray[np.intp]:
    if change is None:
        return _NONE
    order = np.argsort(-np.abs(change), kind="stable")[:SHOWN]
    found: npt.NDArray[np.intp] = order[change[order] != 0.0]
    return found


def _answer(predictions: Predictions, row: int) -> str:
    said = "" if predictions.prediction is None else _label(predictions, predictions.prediction[row])
    if predictions.score is None:
        return said
    score = predictions.score[row] if predictions.score.ndim == 1 else np.max(predictions.score[row])
    return f"{said} {float(score):.4g}".strip()


def _label(predictions: Predictions, code: Any) -> str:
    return predictions.classes[int(code)] if predictions.classes else f"{float(code):.6g}"
