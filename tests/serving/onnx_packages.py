"""A package with one small ONNX model: a coin that falls on its side by its size, its spins and its looks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

from mlops_ci.records.codec import encode_pretty
from mlops_ci.records.conversion import InputTensor, OutputTensor
from mlops_ci.records.serving import MANIFEST, SERVING_FORMAT, ServedModel, ServeSettings, ServingManifest
from mlops_ci.records.signature import Column

COIN = ServedModel(
    name="coin",
    kind="onnx",
    version=3,
    file="coin.onnx",
    inputs=(Column("size", "Float64"), Column("spins", "Int64"), Column("side", "String")),
    tensors=(
        InputTensor("numbers", "float32", (None, 2), ("size", "spins")),
        InputTensor("texts", "string", (None, 1), ("side",)),
    ),
    outputs=(
        OutputTensor("label", "label", "int64", (None,)),
        OutputTensor("scores", "score", "float32", (None, 2), (0, 1)),
    ),
    classes=(0, 1),
    sample=(1.5, 3, "edge"),
)


def write_coin(folder: Path, settings: ServeSettings) -> ServingManifest:
    """Write the package."""
    folder.mkdir(parents=True, exist_ok=True)
    nodes = [
        helper.make_node("MatMul", ["numbers", "weights"], ["product"]),
        helper.make_node(
            "LabelEncoder",
            ["texts"],
            ["looks"],
            domain="ai.onnx.ml",
            keys_strings=["edge", "face"],
            values_floats=[0.5, -0.5],
            default_float=0.0,
        ),
        helper.make_node("Add", ["product", "looks"], ["sum"]),
        helper.make_node("Sigmoid", ["sum"], ["heads"]),
        helper.make_node("Sub", ["one", "heads"], ["tails"]),
        helper.make_node("Concat", ["tails", "heads"], ["scores"], axis=1),
        helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "coin",
        [
            helper.make_tensor_value_info("numbers", TensorProto.FLOAT, [None, 2]),
            helper.make_tensor_value_info("texts", TensorProto.STRING, [None, 1]),
        ],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 2]),
        ],
        [
            numpy_helper.from_array(np.array([[0.7], [-0.2]], np.float32), "weights"),
            numpy_helper.from_array(np.array(1, np.float32), "one"),
        ],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    checker.check_model(model)
    save(model, folder / "coin.onnx")
    return write_manifest(folder, (COIN,), settings)


def write_manifest(folder: Path, models: tuple[ServedModel, ...], settings: ServeSettings) -> ServingManifest:
    manifest = ServingManifest(SERVING_FORMAT, models[0].name, models, settings)
    (folder / MANIFEST).write_text(encode_pretty(manifest), "utf-8")
    return manifest
