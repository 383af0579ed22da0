"""Packages of small ONNX models, whose answers can be told by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mlops_ci.records.codec import encode
from mlops_ci.records.conversion import ClassLabel, InputTensor, OutputTensor
from mlops_ci.records.serving import MANIFEST, ServedModel, ServeSettings, ServingManifest
from mlops_ci.records.signature import Column
from mlops_ci.serving.package import Package, read_package

TYPES = {
    "float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL, "string": TensorProto.STRING,
}  # fmt: skip


def write_onnx(
    path: Path,
    nodes: Sequence[Any],
    inputs: Sequence[InputTensor],
    outputs: Sequence[OutputTensor],
    constants: dict[str, np.ndarray[Any, Any]] | None = None,
) -> None:
    """Write a graph."""

    def infos(tensors: Sequence[Any]) -> list[Any]:
        return [helper.make_tensor_value_info(one.name, TYPES[one.type], ["N", *one.shape[1:]]) for one in tensors]

    initializers = [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()]
    graph = helper.make_graph(nodes, "g", infos(inputs), infos(outputs), initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def sum_model(
    folder: Path, name: str = "sum", columns: int = 3, factor: float = 1.0, dtype: str = "float32"
) -> ServedModel:
    """A regression: the sum of the columns, times a factor."""
    names = tuple(f"x{number}" for number in range(columns))
    inputs = (InputTensor("X", dtype, (None, columns), names),)
    outputs = (OutputTensor("y", "value", dtype, (None, 1)),)
    weights = np.full((columns, 1), factor, dtype)
    write_onnx(
        folder / f"{name}.onnx", [helper.make_node("MatMul", ["X", "W"], ["y"])], inputs, outputs, {"W": weights}
    )
    signature = tuple(Column(column, "Float64") for column in names)
    return ServedModel(name, "onnx", 7, file=f"{name}.onnx", inputs=signature, tensors=inputs, outputs=outputs)


def side_model(folder: Path, name: str = "side", classes: tuple[ClassLabel, ...] = ("low", "high")) -> ServedModel:
    """A classifier: the probability of the second class is the only column, of which it makes labels at 0.5."""
    inputs = (InputTensor("p", "float32", (None, 1), ("p",)),)
    outputs = (
        OutputTensor("label", "label", "string" if isinstance(classes[0], str) else "int64", (None,), classes),
        OutputTensor("probabilities", "score", "float32", (None, 2), classes),
    )
    labels = (
        np.array([str(one) for one in classes], object) if isinstance(classes[0], str) else np.array(classes, "int64")
    )
    nodes = [
        helper.make_node("Sub", ["one", "p"], ["q"]),
        helper.make_node("Concat", ["q", "p"], ["probabilities"], axis=1),
        helper.make_node("ArgMax", ["probabilities"], ["best"], axis=1, keepdims=0),
        helper.make_node("Gather", ["labels", "best"], ["label"]),
    ]
    write_onnx(folder / f"{name}.onnx", nodes, inputs, outputs, {"one": np.array([[1]], "float32"), "labels": labels})
    signature = (Column("p", "Float64"),)
    return ServedModel(
        name, "onnx", 2, file=f"{name}.onnx", inputs=signature, tensors=inputs, outputs=outputs, classes=classes
    )


def mixed_model(folder: Path, name: str = "mixed") -> ServedModel:
    """Reads a number, a whole number, a flag and a text; answers the whole number, and the text as it came."""
    inputs = (
        InputTensor("distance", "float32", (None, 1), ("distance",)),
        InputTensor("hour", "int64", (None, 1), ("hour",)),
        InputTensor("late", "bool", (None, 1), ("late",)),
        InputTensor("carrier", "string", (None, 1), ("carrier",)),
    )
    outputs = (
        OutputTensor("hours", "value", "int64", (None, 1)),
        OutputTensor("carriers", "other", "string", (None, 1)),
        OutputTensor("distances", "other", "float32", (None, 1)),
        OutputTensor("lates", "other", "bool", (None, 1)),
    )
    pairs = [("hour", "hours"), ("carrier", "carriers"), ("distance", "distances"), ("late", "lates")]
    nodes = [helper.make_node("Identity", [given], [made]) for given, made in pairs]
    write_onnx(folder / f"{name}.onnx", nodes, inputs, outputs)
    signature = (
        Column("distance", "Float64"), Column("hour", "Int64"), Column("late", "Boolean"), Column("carrier", "String"),
    )  # fmt: skip
    return ServedModel(name, "onnx", 1, file=f"{name}.onnx", inputs=signature, tensors=inputs, outputs=outputs)


def ensemble(
    name: str, *members: str, combine: Any = "mean", weights: tuple[float, ...] = (), **more: Any
) -> ServedModel:
    return ServedModel(name, "ensemble", 1, members=members, combine=combine, weights=weights, **more)


def write_package(folder: Path, *models: ServedModel, default: str | None = None, **settings: Any) -> Package:
    """Write the manifest over models that are there."""
    manifest = ServingManifest(1, default or models[0].name, models, ServeSettings(**settings))
    (folder / MANIFEST).write_bytes(encode(manifest))
    return read_package(folder)
