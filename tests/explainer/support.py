"""Explains models in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlops_ci.converter.table import Array, Table
from mlops_ci.explainer.__main__ import explain
from mlops_ci.explainer.question import Question, label_texts
from mlops_ci.explainer.rows import Rows

METRICS = {"binary": "roc_auc", "multiclass": "accuracy", "regression": "rmse"}


def rows_with(inputs: Table, target: Array, task: str) -> Rows:
    """Rows that are named by their positions."""
    truth = target.astype(np.float64) if task == "regression" else label_texts(target)
    return Rows(inputs, truth, tuple(map(str, range(inputs.rows))))


def explained(model: Any, inputs: Table, target: Array, task: str, **asked: Any) -> dict[str, Any]:
    """The record of a model's explanation."""
    question = Question(task, asked.pop("metric", METRICS[task]), **asked)
    return explain(model, rows_with(inputs, target, task), question)


def classes_of(inputs: Table, task: str) -> Array:
    """A truth about rows of numbers, which the first column decides most and the third not at all."""
    value = 2 * inputs.columns["a"] - inputs.columns["b"] + 0.2 * np.sin(np.arange(inputs.rows))
    if task == "regression":
        return value
    return np.digitize(value, [0.0] if task == "binary" else [-1.0, 1.0])
