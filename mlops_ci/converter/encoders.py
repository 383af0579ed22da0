"""Encoders and imputers of columns, numeric ones in float64.

A missing text is the empty text here, because a tensor has no other way to say it. What an encoder answers for each
category is asked of the encoder itself, so that categories that are dropped, rare or unknown are what it makes of them.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from onnx import TensorProto

from mlops_ci.converter.emitter import ML, Emitter, cast
from mlops_ci.converter.parity import dense
from mlops_ci.converter.table import Array, Table
from mlops_ci.converter.trouble import NotConvertibleError

FIX = "a missing text is the empty text"
UNKNOWN = "\x00 no such category"


def split_columns(emit: Emitter, operator: Any) -> list[tuple[str, bool]]:
    """The columns of an operator's inputs: a tensor [rows, 1] for each, and whether it holds texts."""
    from skl2onnx.common.data_types import StringTensorType

    found = []
    for variable in operator.inputs:
        text = isinstance(variable.type, StringTensorType)
        width = variable.type.shape[1]
        name = variable.full_name if text else cast(emit, variable.full_name, TensorProto.DOUBLE)
        if width == 1:
            found.append((name, text))
            continue
        for at in range(width):
            found.append((emit.node("Gather", [name, emit.constant(np.array([at]))], axis=1)[0], text))
    return found


def emit_encoder(emit: Emitter, operator: Any) -> str:
    """Emit a OneHotEncoder or OrdinalEncoder; returns its features (float64)."""
    encoder = operator.raw_operator
    parts = [
        emit.node("Gather", [emit.constant(table), _positions(emit, column, categories, text)], axis=0)[0]
        for (column, text), categories, table in zip(
            split_columns(emit, operator), encoder.categories_, answers_by_category(encoder)
        )
    ]
    return parts[0] if len(parts) == 1 else emit.node("Concat", parts, axis=1)[0]


def answers_by_category(encoder: Any) -> list[Array]:
    """For each column, what the encoder answers for each of its categories and, in the last row, for an unknown one."""
    most = max(len(categories) for categories in encoder.categories_)
    probes = [_probe(categories, most) for categories in encoder.categories_]
    if all(probe.dtype.kind == "O" for probe in probes):
        given: Any = np.stack(probes, axis=1)
    elif all(probe.dtype.kind != "O" for probe in probes):
        given = np.stack(probes, axis=1)
    else:
        names = getattr(encoder, "feature_names_in_", range(len(probes)))
        given = Table({str(name): probe for name, probe in zip(names, probes)}).frame()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answers = dense(encoder.transform(given)).astype(np.float64)
    widths = getattr(encoder, "_n_features_outs", [1] * len(probes))
    tables = []
    for number, (categories, start) in enumerate(zip(encoder.categories_, np.cumsum([0, *widths[:-1]]))):
        known = answers[: len(categories), start : start + widths[number]]
        tables.append(np.concatenate([known, _unknown(encoder, number, widths[number])]))
    return tables


def _probe(categories: Array, length: int) -> Array:
    return np.asarray(categories)[np.minimum(np.arange(length), len(categories) - 1)]


def _unknown(encoder: Any, column: int, width: int) -> Array:
    row = np.zeros((1, width))
    if hasattr(encoder, "unknown_value"):
        row[:] = np.nan if encoder.unknown_value is None else encoder.unknown_value
    elif encoder.handle_unknown in ("infrequent_if_exist", "warn"):
        rare = getattr(encoder, "_infrequent_indices", None)
        if rare is not None and rare[column] is not None:
            row[0, -1] = 1.0
    return row


def _positions(emit: Emitter, column: str, categories: Array, text: bool) -> str:
    """The positions of a column's values among the categories (int64, [rows]); beyond them if unknown."""
    flat = emit.constant(np.array([-1]))
    count = len(categories)
    if text:
        keys = ["" if _is_missing(each) else str(each) for each in categories]
        if len(set(keys)) != count:
            raise NotConvertibleError(
                "an encoder tells the empty text from a missing one, which a tensor cannot",
                "replace one of them before training",
            )
        found = emit.node(
            "LabelEncoder", [column], domain=ML, keys_strings=keys, values_int64s=list(range(count)), default_int64=count
        )[0]
        return emit.node("Reshape", [found, flat])[0]
    numbers = np.asarray(categories)
    if numbers.dtype.kind not in "iufb":
        numbers = numbers.astype(np.float64)
    hits = emit.node("Equal", [column, emit.constant(numbers.astype(np.float64)[None, :])])[0]
    if np.isnan(numbers.astype(np.float64)).any():
        missing = emit.constant(np.isnan(numbers.astype(np.float64))[None, :])
        both = emit.node("And", [emit.node("IsNaN", [column])[0], missing])[0]
        hits = emit.node("Or", [hits, both])[0]
    # A row hits one category at most: the sum is its position, or that of the unknown ones.
    offsets = emit.constant((np.arange(count) - count)[None, :])
    placed = emit.node("Mul", [cast(emit, hits, TensorProto.INT64), offsets])[0]
    total = emit.node("ReduceSum", [placed, emit.constant(np.array([1]))], keepdims=0)[0]
    return emit.node("Add", [total, emit.constant(np.array(count))])[0]


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def emit_imputer(emit: Emitter, operator: Any) -> tuple[str, bool]:
    """Emit a SimpleImputer; returns its features, and whether they are texts."""
    imputer = operator.raw_operator
    columns = split_columns(emit, operator)
    texts = {text for _, text in columns}
    if len(texts) != 1:
        raise NotConvertibleError("SimpleImputer over numbers and texts at once", "impute them by two imputers")
    if texts == {True}:
        return _impute_texts(emit, imputer, [name for name, _ in columns]), True
    x = columns[0][0] if len(columns) == 1 else emit.node("Concat", [name for name, _ in columns], axis=1)[0]
    statistics = np.asarray(imputer.statistics_, np.float64)
    given = emit.node("IsNaN", [x])[0]
    if not _is_missing(imputer.missing_values):
        given = emit.node("Equal", [x, emit.constant(np.array(float(imputer.missing_values)))])[0]
    filled = emit.node("Where", [given, emit.constant(statistics[None, :]), x])[0]
    # A column without any value in training is dropped, unless it was asked to be kept.
    kept = np.flatnonzero(~np.isnan(statistics))
    if len(kept) != len(statistics):
        filled = emit.node("Gather", [filled, emit.constant(kept)], axis=1)[0]
    if getattr(imputer, "add_indicator", False):
        where = emit.node("Gather", [given, emit.constant(np.asarray(imputer.indicator_.features_))], axis=1)[0]
        filled = emit.node("Concat", [filled, cast(emit, where, TensorProto.DOUBLE)], axis=1)[0]
    return filled, False


def _impute_texts(emit: Emitter, imputer: Any, columns: list[str]) -> str:
    if getattr(imputer, "add_indicator", False):
        raise NotConvertibleError("SimpleImputer(add_indicator=True) over texts")
    missing = "" if _is_missing(imputer.missing_values) or str(imputer.missing_values) == "<NA>" else imputer.missing_values
    key = emit.constant(np.array([str(missing)], object))
    filled = []
    for name, value in zip(columns, imputer.statistics_):
        fill = emit.constant(np.array([["" if _is_missing(value) else str(value)]], object))
        filled.append(emit.node("Where", [emit.node("Equal", [name, key])[0], fill, name])[0])
    return filled[0] if len(filled) == 1 else emit.node("Concat", filled, axis=1)[0]


def imputed_width(imputer: Any) -> int:
    """How many columns a SimpleImputer answers."""
    statistics = np.asarray(imputer.statistics_)
    count = int((~np.isnan(statistics)).sum()) if statistics.dtype.kind == "f" else len(statistics)
    return count + (len(imputer.indicator_.features_) if getattr(imputer, "add_indicator", False) else 0)
