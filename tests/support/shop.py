"""A project whose versions multiply by their number, with ONNX models, to be deployed anywhere."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mlops_ci.records.codec import encode
from mlops_ci.records.conversion import InputTensor, OnnxForm, OutputTensor, Parity
from mlops_ci.records.entry import Body, Converted
from mlops_ci.records.samples import SAMPLES_FORMAT, Samples
from mlops_ci.records.signature import Column, Signature
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.register import register
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.layout import conversion_path
from mlops_ci.workspace.local import LocalStore
from tests.images.making import conversion
from tests.registry.making import local_file, open_log, registration, sha
from tests.support.lab import Done, Lab

ROWS = (1.0, 2.5)


def _model(factor: float) -> bytes:
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


def add_multiplier(
    log: ModelLog, scratch: Path, number: int, *, recorded: float | None = None, content: bytes | None = None
) -> None:
    """Register a version that multiplies by its number, whatever is recorded of it or what its model file holds."""
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
    data = content or _model(number)
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


class Shop:
    """A project with three versions, the last of which is not what is recorded of it.

    Args:
        folder: where it is made.
        settings: more lines of ``mlops.yaml``.
        env: more variables of its jobs.
    """

    def __init__(self, folder: Path, settings: str, env: dict[str, str] | None = None) -> None:
        self.lab = Lab(folder / "coin")
        self.lab.write("mlops.yaml", (self.lab.folder / "mlops.yaml").read_text() + settings)
        self.lab.commit("first")
        store = LocalStore(self.lab.workspace)
        initialise(store)
        self.log = open_log(store, "coin")
        for number, recorded in ((1, None), (2, None), (3, 3.5)):
            add_multiplier(self.log, folder / "scratch", number, recorded=recorded)
        move_alias(self.log, "champion", 1, rollback=False, reason=None)
        self.env = {"MLOPS_CI_CACHE_DIR": str(folder / "cache"), **(env or {})}

    def run(self, *arguments: str) -> Done:
        return self.lab.run(*arguments, env=self.env)

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.code == 0, done.err
        return done.json


def predictions(url: str) -> list[float]:
    request = urllib.request.Request(
        f"{url}/score", json.dumps({"data": [[4.0]]}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: list[float] = json.load(answer)["predictions"]
        return found
