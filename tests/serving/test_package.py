"""Packages that are not what they should be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.serving.onnx_file import check_onnx_file
from mlops_ci.serving.onnx_model import OnnxModel
from mlops_ci.serving.package import read_package
from mlops_ci.serving.providers import full_names
from tests.serving.small_models import ensemble, side_model, sum_model, write_package


def external(folder: Path, location: str, *, inside: str = "initializer") -> Path:
    """A model with weights in another file."""
    tensor = numpy_helper.from_array(np.ones((3, 1), "float32"), "W")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("offset", "0"), ("location", location), ("length", "12")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    nodes, weights = [helper.make_node("MatMul", ["X", "W"], ["y"])], [tensor]
    if inside == "constant":
        nodes, weights = [helper.make_node("Constant", [], ["W"], value=tensor), *nodes], []
    elif inside == "branch":
        branch = helper.make_graph(
            [helper.make_node("Identity", ["W"], ["w"])], "b", [], [helper.make_tensor_value_info("w", 1, [3, 1])], weights  # noqa: E501
        )  # fmt: skip
        nodes = [helper.make_node("If", ["c"], ["V"], then_branch=branch, else_branch=branch)]
        weights = []
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("X", 1, ["N", 3])], [helper.make_tensor_value_info("y", 1, ["N", 1])], weights  # noqa: E501
    )  # fmt: skip
    path = folder / "model.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())
    return path


@pytest.mark.parametrize("inside", ["initializer", "constant", "branch"])
@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "a/../../secret.bin", "link.bin", "x\0y"])
def test_weights_outside_of_the_package_are_never_read(tmp_path: Path, location: str, inside: str) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(np.full(3, 7, "float32").tobytes())
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    with pytest.raises(IntegrityError, match="outside of its package"):
        check_onnx_file(external(folder, location, inside=inside), folder)


def test_weights_beside_the_model_are_read(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(np.full(3, 2, "float32").tobytes())
    external(tmp_path, "weights.bin")
    told = sum_model(tmp_path)
    model = OnnxModel(
        tmp_path, type(told)("m", "onnx", file="model.onnx", inputs=told.inputs, tensors=told.tensors), threads=1, providers=["cpu"]  # noqa: E501
    )  # fmt: skip
    assert model.predict({"X": np.ones((1, 3), "float32")})["y"].tolist() == [[6.0]]


@pytest.mark.parametrize("data", [b"", b"location", b"\x3a\xff\xff\xff\xff\x0flocation", b"PK\x03\x04location"])
def test_what_is_no_model_is_told_so(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "sum.onnx").write_bytes(data)
    model = sum_model(tmp_path.joinpath("..") / tmp_path.name)
    (tmp_path / "sum.onnx").write_bytes(data)
    with pytest.raises(IntegrityError):
        OnnxModel(tmp_path, model, threads=1, providers=["cpu"])


def test_operators_of_others_are_refused_in_one_line(tmp_path: Path) -> None:
    model = sum_model(tmp_path)
    proto = onnx.load(tmp_path / "sum.onnx")
    proto.graph.node[0].domain = "evil.example"
    proto.opset_import.add(domain="evil.example", version=1)
    onnx.save(proto, tmp_path / "sum.onnx")
    with pytest.raises(IntegrityError, match="cannot load") as caught:
        OnnxModel(tmp_path, model, threads=1, providers=["cpu"])
    assert "\n" not in caught.value.line()


def test_a_manifest_of_another_model_is_refused(tmp_path: Path) -> None:
    model = sum_model(tmp_path)
    sum_model(tmp_path, dtype="float64")
    with pytest.raises(IntegrityError, match="'X' of float32, the model has it as float64"):
        OnnxModel(tmp_path, model, threads=1, providers=["cpu"])


def test_a_missing_provider_is_told_with_those_that_are_there() -> None:
    available = ["CPUExecutionProvider", "XnnpackExecutionProvider"]
    assert full_names(["XNNPACK", "cpu"], available) == ["XnnpackExecutionProvider", "CPUExecutionProvider"]
    with pytest.raises(UsageError, match=r"'cuda' is not in this build.*available here: cpu, xnnpack"):
        full_names(["cuda"], available)
    with pytest.raises(UsageError, match="no execution provider is called 'gpu'"):
        full_names(["gpu"], available)


def broken(folder: Path, case: str) -> None:
    model = sum_model(folder)
    made: dict[str, Any] = {
        "default": lambda: write_package(folder, model, default="other"),
        "twice": lambda: write_package(folder, model, model),
        "member": lambda: write_package(folder, model, ensemble("e", "none")),
        "weights": lambda: write_package(folder, model, ensemble("e", "sum", weights=(1.0, 2.0))),
        "zero": lambda: write_package(folder, model, ensemble("e", "sum", weights=(0.0,))),
        "combine": lambda: write_package(folder, model, ensemble("e", "sum", combine=None)),
        "name": lambda: write_package(folder, type(model)("a/b", "onnx", file="sum.onnx")),
        "file": lambda: write_package(folder, type(model)("a", "onnx")),
    }
    made[case]()


@pytest.mark.parametrize("case", ["default", "twice", "member", "weights", "zero", "combine", "name", "file"])
def test_a_manifest_that_contradicts_itself_is_refused(tmp_path: Path, case: str) -> None:
    with pytest.raises(IntegrityError):
        broken(tmp_path, case)


def test_a_folder_without_a_manifest_and_a_newer_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no model package"):
        read_package(tmp_path)
    write_package(tmp_path, side_model(tmp_path))
    text = (tmp_path / "serving.json").read_text("utf-8")
    (tmp_path / "serving.json").write_text(text.replace('"format":1', '"format":9'), "utf-8")
    with pytest.raises(IntegrityError, match="newer mlops-ci"):
        read_package(tmp_path)


@pytest.mark.parametrize("file", ["../outside.onnx", "/etc/hostname"])
def test_a_model_outside_of_its_package_is_refused(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (tmp_path / "outside.onnx").write_bytes(b"x")
    with pytest.raises(IntegrityError, match="outside of its package"):
        check_onnx_file(folder / file, folder)
