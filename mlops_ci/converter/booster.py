"""What the boosters of LightGBM and XGBoost have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx import helper

from mlops_ci.converter.emitter import GraphEmitter
from mlops_ci.converter.exported import Exported, Original, Output
from mlops_ci.converter.links import TreeModel, emit_classes, emit_labels, emit_values
from mlops_ci.converter.renaming import ONNX_TYPES
from mlops_ci.converter.sklearn_inputs import matrix_input
from mlops_ci.converter.table import Array, Table


def booster_graph(model: TreeModel, columns: Sequence[str]) -> Exported:
    """A graph of a booster alone: one tensor of all columns in, labels and probabilities or values out."""
    emit = GraphEmitter()
    given = matrix_input(columns)
    if model.classes is None:
        emit.node("Identity", [emit_values(emit, given.name, model)], ["value"])
        outputs: tuple[Output, ...] = (Output("value", "value"),)
    else:
        positions, scores, _ = emit_classes(emit, given.name, model)
        emit_labels(emit, positions, model.classes, ["label"])
        emit.node("Identity", [scores], ["score"])
        outputs = (Output("label", "label", model.classes), Output("score", "score", model.classes))
    types = {"label": ONNX_TYPES["int64"], "score": ONNX_TYPES["float64"], "value": ONNX_TYPES["float64"]}
    graph = emit.model(
        [helper.make_tensor_value_info(given.name, ONNX_TYPES[given.type], ["rows", len(columns)])],
        [
            helper.make_tensor_value_info(
                each.name, types[each.name], ["rows"] if each.role == "label" else ["rows", _width(model)]
            )
            for each in outputs
        ],
    )
    return Exported(graph, (given,), outputs, model.forest.fixes)


def _width(model: TreeModel) -> int:
    return len(model.forest.base) if model.classes is None else len(model.classes)


def booster_answers(
    prepare: Callable[[Table], Any], predict: Callable[[Any], Any], model: TreeModel
) -> Original:
    """A booster predicts values, the probability of the second of two classes, or those of all classes."""

    def answers(batch: Any) -> dict[str, Array]:
        found = np.asarray(predict(batch), np.float64)
        if model.classes is None:
            return {"value": found.reshape(len(found), -1)}
        if len(model.classes) == 2:
            one = found.ravel()
            return {"label": np.asarray(one > 0.5).astype(np.int64), "score": np.stack([1 - one, one], axis=1)}
        if found.ndim == 1:  # XGBoost's multi:softmax tells the class only
            return {"label": found.astype(np.int64)}
        return {"label": found.argmax(axis=1), "score": found}

    return Original(prepare, predict, answers)
