"""The whole way of an image: built, pushed to a real registry, run by a real Engine, asked, drained."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import onnx
import pytest
from docker import DockerClient
from docker.models.containers import Container
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from mlops_ci.deployment.docker import DockerTarget
from mlops_ci.deployment.target import Order
from mlops_ci.edge.docker_engine import open_engine
from mlops_ci.errors import RemoteError
from mlops_ci.lifecycle.imaging import Workshop, build_image, load_image, push_image
from mlops_ci.packaging.places import USER
from mlops_ci.packaging.provenance import Builder
from mlops_ci.project.deploy import DockerPlace
from mlops_ci.project.load import load_project
from mlops_ci.records.conversion import CONVERSION_FORMAT, Conversion, InputTensor, OnnxForm, OutputTensor, Parity
from mlops_ci.records.deployment import Instance
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.entry import Body, Converted
from mlops_ci.records.files import FileRecord
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.signature import Column, Signature
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.layout import conversion_path
from tests.images.making import add_version, log_of, workspace
from tests.parts.base_image import BaseImage
from tests.parts.docker_engine import Engine
from tests.parts.oci_registry import Registry
from tests.registry.making import local_file

pytestmark = pytest.mark.xdist_group("docker")
_COLUMNS = ("sepal length", "sepal width", "petal length", "petal width")


@pytest.fixture
def client(docker_engine: Engine) -> Iterator[DockerClient]:
    opened = open_engine({"DOCKER_HOST": docker_engine.host})
    yield opened
    for container in opened.containers.list(all=True):
        container.remove(force=True)
    opened.close()


@pytest.fixture
def shop(tmp_path: Path, base_image: BaseImage, docker_engine: Engine) -> Workshop:
    """A project with an empty workspace, whose images stand on the base of the tests."""
    store = workspace(tmp_path)
    initialise(store)
    project = {
        "version": 1,
        "model": {"name": "flight-delay"},
        "steps": {"train": {"run": "true", "outputs": ["build/model.pkl"]}},
        "image": {"base": base_image.reference},
    }
    file = tmp_path / "mlops.yaml"
    file.write_text(json.dumps(project))
    cache = os.environ.get("MLOPS_CI_CACHE_DIR") or str(Path(__file__).parents[2] / ".cache")
    return Workshop(
        project=load_project(file.read_bytes(), "mlops.yaml"),
        folder=tmp_path,
        store=store,
        log_of=partial(log_of, store),
        read_code=lambda *_: {},
        environ={**os.environ, "MLOPS_CI_CACHE_DIR": cache, "DOCKER_HOST": docker_engine.host},
        say=lambda _: None,
        builder=Builder("local"),
    )


def _as_onnx(model: LogisticRegression) -> bytes:
    """The regression as the graph that it is: a product, a sum, the softmax."""
    constants = {
        "coefficients": model.coef_.T.astype("float32"),
        "intercepts": model.intercept_.astype("float32"),
        "classes": model.classes_.astype("int64"),
    }
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["X", "coefficients", "intercepts"], ["scores"]),
            helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
            helper.make_node("ArgMax", ["scores"], ["best"], axis=1, keepdims=0),
            helper.make_node("Gather", ["classes", "best"], ["label"]),
        ],
        "regression",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["N", 4])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 3]),
        ],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


def _version(shop: Workshop, content: bytes) -> ModelVersion:
    """A version with that ONNX form in the workspace."""
    signature = Signature(tuple(Column(name, "float64") for name in _COLUMNS), (Column("prediction", "int64"),))
    log = shop.log_of("flight-delay")
    version = add_version(log, shop.folder / "scratch", onnx=None, signature=signature)
    form = OnnxForm(
        "float32",
        FileRecord("model.onnx", digest_of_bytes(content), len(content)),
        (InputTensor("X", "float32", (None, 4), _COLUMNS),),
        (
            OutputTensor("label", "label", "int64", (None,), (0, 1, 2)),
            OutputTensor("probabilities", "score", "float32", (None, 3), (0, 1, 2)),
        ),
        Parity(150, 0, 0.0, 1e-5),
    )

    def decide(state: ModelState) -> Body:
        file = local_file(shop.folder / "scratch", "model.onnx", content)
        attempt = log.uploads.send("onnx", {conversion_path("model.onnx"): file}, condemned=state.condemned)
        made = Conversion(
            CONVERSION_FORMAT, "model.pkl", "LogisticRegression", forms=(form,), served="float32", attempt=attempt
        )
        return Converted(version.version, made)

    return log.append(decide).versions[version.version]


def _run(client: DockerClient, image: str) -> tuple[DockerTarget, Instance]:
    target = DockerTarget(client, DockerPlace(port=None, cpu=None, memory=None, gpu=None))
    instance = target.start(Order("staging", "1", "flight-delay", 1, image=image))
    for _ in range(600):
        if _is_ready(target, instance):
            return target, target.switch(instance, None)
        assert target.status(instance).condition == "running", list(target.logs(instance))
        time.sleep(0.05)
    raise AssertionError(list(target.logs(instance)))


def test_an_image_is_built_pushed_run_asked_and_drained(
    shop: Workshop, client: DockerClient, oci_registry: Registry
) -> None:
    rows, labels = load_iris(return_X_y=True)
    original = LogisticRegression(max_iter=1000).fit(rows, labels)
    version = _version(shop, _as_onnx(original))
    built = build_image(shop, version)
    pushed = push_image(shop, built, f"{oci_registry.address}/acme/flight-delay", ()).image
    assert pushed.reference is not None
    loaded = load_image(shop, built)
    client.images.pull(pushed.reference)
    assert client.images.get(loaded).id == client.images.get(pushed.reference).id

    target, instance = _run(client, pushed.reference)
    _answers_like(original, rows, target, instance)
    container = client.containers.get(instance.id)
    assert _runs_there(container, "import os; print(os.getuid())") == (0, USER.partition(":")[0])
    assert _runs_there(container, "import importlib.util as u; print(u.find_spec('sklearn'))") == (0, "None")
    _finishes_what_it_has_begun(container, target, instance)


def test_the_health_check_of_an_image_finds_it_healthy(shop: Workshop, client: DockerClient) -> None:
    version = _version(shop, _as_onnx(LogisticRegression(max_iter=1000).fit(*load_iris(return_X_y=True))))
    name = load_image(shop, build_image(shop, version))
    check = client.images.get(name).attrs["Config"]["Healthcheck"]
    assert check["Interval"] == 15_000_000_000  # too long to wait for here
    container = client.containers.run(name, detach=True, healthcheck={"test": check["Test"], "interval": 200_000_000})
    for _ in range(600):
        container.reload()
        if container.attrs["State"]["Health"]["Status"] == "healthy":
            return
        assert container.status == "running", container.logs()
        time.sleep(0.05)
    raise AssertionError(container.attrs["State"]["Health"])


def _answers_like(original: LogisticRegression, rows: Any, target: DockerTarget, instance: Instance) -> None:
    body = json.dumps({"columns": _COLUMNS, "data": rows.tolist()}).encode()
    answer = target.request(instance, "POST", "/score", body, {"Content-Type": "application/json"})
    assert answer.status == 200, answer.body
    said = json.loads(answer.body)
    assert said["predictions"] == original.predict(rows).tolist()
    assert np.abs(np.array(said["probabilities"]) - original.predict_proba(rows)).max() < 1e-5


def _runs_there(container: Container, code: str) -> tuple[int | None, str]:
    status, said = container.exec_run(["python3", "-c", code])
    assert isinstance(said, bytes)
    return status, said.decode().strip()


def _finishes_what_it_has_begun(container: Container, target: DockerTarget, instance: Instance) -> None:
    """A request whose head was accepted before SIGTERM is answered, and then the server ends in good order."""
    body = json.dumps({"data": [[5.1, 3.5, 1.4, 0.2]]}).encode()
    address = urlsplit(instance.url or "")
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=30) as begun:
        head = f"POST /score HTTP/1.1\r\nHost: it\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        begun.sendall(head.encode())
        assert begun.recv(1000).startswith(b"HTTP/1.1 100")
        container.kill(signal="SIGTERM")
        while _is_ready(target, instance):
            time.sleep(0.01)
        begun.sendall(body)
        with begun.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 200 OK\r\n"
    assert container.wait(timeout=30)["StatusCode"] == 0


def _is_ready(target: DockerTarget, instance: Instance) -> bool:
    try:
        return target.request(instance, "GET", "/health/ready").status == 200
    except RemoteError:
        return False
