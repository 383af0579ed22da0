"""A model that multiplies, as a registered version: quick to make, and all that an endpoint needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mlops_ci.records.codec import encode
from mlops_ci.records.conversion import InputTensor, OnnxForm, OutputTensor, Parity
from mlops_ci.records.entry import Body, Converted
from mlops_ci.records.samples import SAMPLES_FORMAT, Samples
from mlops_ci.records.signature import Column, Signature
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import register
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.layout import conversion_path
from tests.images.making import conversion
from tests.registry.making import local_file, registration, sha

ROWS = (1.0, 2.5)


def model_bytes(factor: float) -> bytes:
    """An ONNX model that multiplies."""
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "factor"], ["value"])],
        "model",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor_value_info("value", TensorProto.FLOAT, [None, 1])],
        [numpy_helper.from_array(np.array([factor], np.float32), "factor")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(onnx.ModelProto.SerializeToString(made))


def register_multiplier(log: ModelLog, scratch: Path, number: int, *, recorded: float | None = None) -> None:
    """Register a version that multiplies by its number, whatever is recorded of it."""
    samples = Samples(
        format=SAMPLES_FORMAT,
        columns=(Column("x", "Float64"),),
        rows=tuple((row,) for row in ROWS),
        predictions={"prediction": tuple(row * (recorded or number) for row in ROWS)},
    )
    signature = Signature(inputs=(Column("x", "float64"),), outputs=(Column("prediction", "float64"),))
    asked = registration(
        scratch, sha(number), f"f{number}", signature=signature,
        samples=local_file(scratch, "samples.json", encode(samples)),
    )  # fmt: skip
    version = register(log, asked).version.version
    data = model_bytes(number)
    file = local_file(scratch, "model.onnx", data)
    form = OnnxForm(
        precision="float32",
        file=file.record,
        inputs=(InputTensor("x", "float32", (None, 1), ("x",)),),
        outputs=(OutputTensor("value", "value", "float32", (None, 1)),),
        parity=Parity(rows=10, labels_differing=0, worst=0.0, tolerance=1e-5),
    )

    def decide(state: ModelState) -> Body:
        sent = log.uploads.send("onnx", {conversion_path("model.onnx"): file}, condemned=state.condemned)
        return Converted(version, conversion(data, forms=(form,), attempt=sent))

    log.append(decide)
