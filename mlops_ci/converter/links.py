"""From the sums of a forest to labels, probabilities and values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from onnx import TensorProto

from mlops_ci.converter.emitter import Emitter, cast
from mlops_ci.converter.trees import Forest, emit_forest
from mlops_ci.converter.trouble import NotConvertibleError


@dataclass(frozen=True)
class TreeModel:
    """A forest and its link function.

    ``link``: ``none``, ``share`` (the sums are probabilities), ``logistic`` (of one sum, or of each), ``softmax``,
    ``exp``, ``signed_square``, ``threshold`` (a sum above 0 is the second class, for certain). ``slope`` multiplies
    the sums of ``logistic`` before. ``classes`` are those of a classifier. ``zero_is_positive``: a sum of exactly 0 is
    the second class.
    """

    forest: Forest
    link: str
    classes: Optional[tuple[Any, ...]] = None
    slope: float = 1.0
    zero_is_positive: bool = False


def emit_values(emit: Emitter, x: str, model: TreeModel) -> str:
    """Emit a regressor over a float64 tensor; returns the name of its values (float64, [rows, targets])."""
    _, sums = emit_forest(emit, x, model.forest)
    return _linked(emit, sums, model)


def emit_classes(emit: Emitter, x: str, model: TreeModel) -> tuple[str, str, str]:
    """Emit a classifier over a float64 tensor.

    Returns:
        The position of the class (int64, [rows]), probabilities (float64, [rows, classes]), and the sums.
    """
    winner, sums = emit_forest(emit, x, model.forest)
    scores = _linked(emit, sums, model)
    if winner is not None:
        return winner, scores, sums
    one = emit.constant(np.array(1.0))
    if model.zero_is_positive:
        positive = emit.node("GreaterOrEqual", [sums, emit.constant(np.array(0.0))])[0]
    else:
        positive = emit.node("Greater", [scores, emit.constant(np.array(0.5))])[0]
    flat = emit.node("Reshape", [positive, emit.constant(np.array([-1]))])[0]
    both = emit.node("Concat", [emit.node("Sub", [one, scores])[0], scores], axis=1)[0]
    return cast(emit, flat, TensorProto.INT64), both, sums


def _linked(emit: Emitter, sums: str, model: TreeModel) -> str:
    if model.link in ("none", "share"):
        return sums
    if model.link == "logistic":
        if model.slope != 1.0:
            sums = emit.node("Mul", [sums, emit.constant(np.array(model.slope))])[0]
        return emit.node("Sigmoid", [sums])[0]
    if model.link == "softmax":
        return emit.node("Softmax", [sums], axis=1)[0]
    if model.link == "exp":
        return emit.node("Exp", [sums])[0]
    if model.link == "signed_square":
        return emit.node("Mul", [sums, emit.node("Abs", [sums])[0]])[0]
    if model.link == "threshold":
        return cast(emit, emit.node("Greater", [sums, emit.constant(np.array(0.0))])[0], TensorProto.DOUBLE)
    raise NotConvertibleError(f"its objective {model.link!r} has no counterpart here")


def emit_labels(emit: Emitter, positions: str, classes: Sequence[Any], outputs: Optional[Sequence[str]] = None) -> str:
    """Emit the labels at these positions; whole numbers and truth values as int64, everything else as text."""
    table = label_table(classes)
    return emit.node("Gather", [emit.constant(table), positions], outputs or 1)[0]


def label_table(classes: Sequence[Any]) -> np.ndarray[Any, Any]:
    """The classes as ONNX can hold them."""
    kinds = {np.asarray(each).dtype.kind for each in classes}
    if kinds <= set("iub"):
        return np.array([int(each) for each in classes], np.int64)
    if kinds <= set("f") and all(float(each).is_integer() for each in classes):
        return np.array([int(each) for each in classes], np.int64)
    if kinds <= set("US"):
        return np.array([str(each) for each in classes], object)
    raise NotConvertibleError(
        f"its classes are neither whole numbers nor texts: {', '.join(map(repr, classes[:3]))}",
        "name the classes by texts or whole numbers when training",
    )
