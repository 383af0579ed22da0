"""An image that we have put together runs in a real Docker Engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlops_ci.edge.docker_engine import open_engine
from mlops_ci.lifecycle.image_inspection import describe_image
from mlops_ci.lifecycle.imaging import build_image, load_image
from mlops_ci.lifecycle.own_image import push_own
from mlops_ci.records.conversion import InputTensor, OutputTensor
from mlops_ci.records.signature import Column, Signature
from tests.images.conftest import Bench
from tests.images.making import form
from tests.parts.base_image import BaseImage
from tests.parts.docker_engine import Engine

pytestmark = pytest.mark.xdist_group("docker")
ASK = """
import json, time, urllib.error, urllib.request as u
for _ in range(300):
    try:
        u.urlopen("http://127.0.0.1:8080/health/ready"); break
    except (urllib.error.URLError, ConnectionError):
        time.sleep(0.1)
body = json.dumps({"data": [{"a": 1.0, "b": 2.0}]}).encode()
request = u.Request("http://127.0.0.1:8080/score", body, {"Content-Type": "application/json"})
print(u.urlopen(request).read().decode())
"""


def sums() -> bytes:
    """An ONNX model that answers the sum of two columns."""
    from onnx import TensorProto, helper

    nodes = [helper.make_node("ReduceSum", ["x", "axes"], ["sum"], keepdims=1)]
    graph = helper.make_graph(
        nodes,
        "sums",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("sum", TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor("axes", TensorProto.INT64, [1], [1])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(made.SerializeToString())


def test_an_image_answers_as_nobody_on_a_file_system_that_it_cannot_write(bench: Bench, docker_engine: Engine) -> None:
    content = sums()
    described = replace(
        form(content),
        inputs=(InputTensor("x", "float32", (None, 2), ("a", "b")),),
        outputs=(OutputTensor("sum", "value", "float32", (None, 1)),),
    )

    signature = Signature((Column("a", "float64"), Column("b", "float64")), (Column("prediction", "float64"),))
    shop = bench.shop(DOCKER_HOST=docker_engine.host)
    name = load_image(shop, build_image(shop, bench.add(content, described=described, signature=signature)))
    client = open_engine(shop.environ)
    container = client.containers.run(name, detach=True, read_only=True, tmpfs={"/tmp": ""}, network_mode="none")
    try:
        asked = container.exec_run(["python3", "-c", ASK])
        assert asked.exit_code == 0, (asked.output, container.logs())
        assert b"3.0" in asked.output
        assert container.exec_run(["id", "-u"]).output == b"65532\n"
        check = client.images.get(name).attrs["Config"]["Healthcheck"]["Test"]
        assert container.exec_run(check[1:]).exit_code == 0
    finally:
        container.remove(force=True)
        client.close()


def test_an_image_by_the_users_own_dockerfile_is_built_pushed_and_recorded(
    bench: Bench, docker_engine: Engine, base_image: BaseImage
) -> None:
    bench.settings = {"image": {"dockerfile": "serving/Dockerfile"}}
    dockerfile = f"FROM {base_image.reference}\nCOPY . /package\n".encode()
    shop = replace(
        bench.shop(DOCKER_HOST=docker_engine.host), read_code=lambda _, paths: dict.fromkeys(paths, dockerfile)
    )  # fmt: skip
    version = bench.add()
    pushed = push_own(shop, version, bench.repository, ("own",))
    shown = describe_image(f"{bench.repository}:own", shop.environ)
    assert shown.digest == pushed.digest
    assert (shown.models, shown.packages, shown.sbom) == (("flight-delay v1",), (), pushed.sbom)
    assert shown.labels["org.opencontainers.image.revision"] == version.commit
    assert shop.log_of("flight-delay").read().versions[1].images == (pushed,)
