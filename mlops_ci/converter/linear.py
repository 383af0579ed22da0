"""Linear classifiers, and what is linear in kernels: support vector machines, polynomials. All in the original's float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

from mlops_ci.converter.emitter import Emitter, cast
from mlops_ci.converter.trouble import NotConvertibleError

Dtype = Any


def emit_linear_classifier(emit: Emitter, x: str, model: Any, dtype: Dtype) -> tuple[str, str, str]:
    """Emit a model with ``coef_`` and ``intercept_``.

    Returns:
        The position of the class (int64, [rows]), probabilities if it has any (else the sums), and the sums.
    """
    sums = _affine(emit, x, np.asarray(model.coef_).reshape(-1, np.asarray(model.coef_).shape[-1]), model.intercept_, dtype)
    binary = len(model.classes_) == 2
    if binary:
        positive = emit.node("Greater", [sums, emit.constant(np.array(0, dtype))])[0]
        flat = emit.node("Reshape", [positive, emit.constant(np.array([-1]))])[0]
        position = cast(emit, flat, TensorProto.INT64)
    else:
        position = emit.node("ArgMax", [sums], axis=1, keepdims=0)[0]
    if not hasattr(model, "predict_proba"):
        return position, sums, sums
    if binary:
        return position, two_columns(emit, emit.node("Sigmoid", [sums])[0], dtype), sums
    one_by_one = getattr(model, "multi_class", "auto") == "ovr" or getattr(model, "solver", "") == "liblinear"
    if not one_by_one:
        return position, emit.node("Softmax", [sums], axis=1)[0], sums
    each = emit.node("Sigmoid", [sums])[0]
    total = emit.node("ReduceSum", [each, emit.constant(np.array([1]))], keepdims=1)[0]
    return position, emit.node("Div", [each, total])[0], sums


def two_columns(emit: Emitter, second: str, dtype: Dtype) -> str:
    """The probabilities of both classes, from that of the second."""
    first = emit.node("Sub", [emit.constant(np.array(1, dtype)), second])[0]
    return emit.node("Concat", [first, second], axis=1)[0]


def emit_kernel_sum(emit: Emitter, x: str, model: Any, dtype: Dtype) -> str:
    """Emit the sum over the support vectors of SVR, OneClassSVM or a binary SVC ([rows, 1])."""
    vectors = np.asarray(model.support_vectors_.toarray() if hasattr(model.support_vectors_, "toarray") else model.support_vectors_)
    kernel = _kernel(emit, x, vectors, model, dtype)
    dual = model.dual_coef_.toarray() if hasattr(model.dual_coef_, "toarray") else model.dual_coef_
    return _affine(emit, kernel, np.asarray(dual), np.asarray(model.intercept_), dtype)


def _kernel(emit: Emitter, x: str, vectors: Any, model: Any, dtype: Dtype) -> str:
    def number(value: float) -> str:
        return emit.constant(np.array(value, dtype))

    inner = emit.node("MatMul", [x, emit.constant(vectors.T.astype(dtype))])[0]
    if model.kernel == "linear":
        return inner
    gamma = float(model._gamma)
    if model.kernel == "rbf":
        square = _squares(emit, x)
        lengths = emit.constant((vectors**2).sum(axis=1)[None, :].astype(dtype))
        doubled = emit.node("Mul", [inner, number(2.0)])[0]
        apart = emit.node("Sub", [emit.node("Add", [square, lengths])[0], doubled])[0]
        return emit.node("Exp", [emit.node("Mul", [apart, number(-gamma)])[0]])[0]
    shifted = emit.node("Add", [emit.node("Mul", [inner, number(gamma)])[0], number(float(model.coef0))])[0]
    if model.kernel == "poly":
        return emit.node("Pow", [shifted, number(float(model.degree))])[0]
    if model.kernel == "sigmoid":
        return emit.node("Tanh", [shifted])[0]
    raise NotConvertibleError(f"{type(model).__name__} has a kernel of its own ({model.kernel!r})")


def _squares(emit: Emitter, x: str) -> str:
    return emit.node("ReduceSum", [emit.node("Mul", [x, x])[0], emit.constant(np.array([1]))], keepdims=1)[0]


def emit_polynomial(emit: Emitter, x: str, model: Any, dtype: Dtype) -> str:
    """Emit PolynomialFeatures: products of columns, one factor after another."""
    powers = np.asarray(model.powers_)
    ones = emit.node("Mul", [emit.node("Gather", [x, emit.constant(np.array([0]))], axis=1)[0], emit.constant(np.array(0, dtype))])[0]
    ones = emit.node("Add", [ones, emit.constant(np.array(1, dtype))])[0]
    wide = emit.node("Concat", [x, ones], axis=1)[0]
    nothing = powers.shape[1]
    most = max(1, int(powers.sum(axis=1).max(initial=0)))
    factors = np.full((len(powers), most), nothing)
    for term, row in enumerate(powers):
        chosen = np.repeat(np.arange(len(row)), row)
        factors[term, : len(chosen)] = chosen
    product = emit.node("Gather", [wide, emit.constant(factors[:, 0])], axis=1)[0]
    for at in range(1, most):
        product = emit.node("Mul", [product, emit.node("Gather", [wide, emit.constant(factors[:, at])], axis=1)[0]])[0]
    return product


def _affine(emit: Emitter, x: str, weights: Any, bias: Any, dtype: Dtype) -> str:
    product = emit.node("MatMul", [x, emit.constant(np.asarray(weights).T.astype(dtype))])[0]
    return emit.node("Add", [product, emit.constant(np.atleast_1d(np.asarray(bias)).astype(dtype))])[0]
