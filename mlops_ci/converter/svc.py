"""Support vector classifiers in the original's float64: every pair of classes decides, and the classes count votes."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from onnx import TensorProto

from mlops_ci.converter.emitter import Emitter, cast
from mlops_ci.converter.linear import affine, emit_kernel, emit_kernel_sum


def emit_svc(emit: Emitter, x: str, model: Any, dtype: Any) -> tuple[str, str, str]:
    """Emit SVC or NuSVC without probabilities; returns the position of the class, and twice the decision function."""
    count = len(model.classes_)
    zero = emit.constant(np.array(0, dtype))
    if count == 2:
        sums = emit_kernel_sum(emit, x, model, dtype)
        positive = emit.node("Greater", [sums, zero])[0]
        flat = emit.node("Reshape", [positive, emit.constant(np.array([-1]))])[0]
        return cast(emit, flat, TensorProto.INT64), sums, sums
    pairs = list(combinations(range(count), 2))
    sums = affine(emit, emit_kernel(emit, x, model, dtype), _pairwise(model, pairs), model.intercept_, dtype)
    first, second = np.zeros((count, len(pairs))), np.zeros((count, len(pairs)))
    for at, (one, other) in enumerate(pairs):
        first[one, at] = second[other, at] = 1.0
    kind = TensorProto.DOUBLE if dtype == np.float64 else TensorProto.FLOAT
    none = np.zeros(count)

    def votes(comparison: str) -> str:
        # libsvm gives a tie to the second class, the decision function to the first.
        won = cast(emit, emit.node(comparison, [sums, zero])[0], kind)
        return affine(emit, won, first - second, second.sum(axis=1), dtype)

    position = emit.node("ArgMax", [votes("Greater")], axis=1, keepdims=0)[0]
    if model.decision_function_shape == "ovo":
        return position, sums, sums
    confidence = affine(emit, sums, first - second, none, dtype)
    size = emit.node("Add", [emit.node("Abs", [confidence])[0], emit.constant(np.array(1, dtype))])[0]
    share = emit.node("Div", [confidence, emit.node("Mul", [size, emit.constant(np.array(3, dtype))])[0]])[0]
    decision = emit.node("Add", [votes("GreaterOrEqual"), share])[0]
    return position, decision, decision


def _pairwise(model: Any, pairs: list[tuple[int, int]]) -> Any:
    """The coefficients of each pair over all support vectors, out of libsvm's packed form."""
    dual = model.dual_coef_.toarray() if hasattr(model.dual_coef_, "toarray") else np.asarray(model.dual_coef_)
    ends = np.cumsum(model.n_support_)
    starts = ends - model.n_support_
    weights = np.zeros((len(pairs), dual.shape[1]))
    for at, (one, other) in enumerate(pairs):
        weights[at, starts[one] : ends[one]] = dual[other - 1, starts[one] : ends[one]]
        weights[at, starts[other] : ends[other]] = dual[one, starts[other] : ends[other]]
    return weights
