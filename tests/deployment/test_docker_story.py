"""Versions are deployed to a real Engine on the command line, in images of ours that run our server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.base_image import BaseImage
from tests.parts.docker_engine import Engine
from tests.parts.oci_registry import Registry
from tests.parts.ports import free_ports
from tests.support.shop import Shop, add_multiplier, predictions

pytestmark = pytest.mark.xdist_group("docker")
ROOT = Path(__file__).parents[2]
SETTINGS = """\
image: {{base: "{base}", repository: "{repository}"}}
serve: {{workers: 1}}
deploy:
  shop: {{target: docker, port: {port}, timeout: 1m}}
"""


@pytest.fixture
def shop(tmp_path: Path, base_image: BaseImage, oci_registry: Registry, docker_engine: Engine) -> Iterator[Shop]:
    repository = f"{oci_registry.address}/acme/coin"
    settings = SETTINGS.format(base=base_image.reference, repository=repository, port=free_ports(1)[0])
    # Layers and what was fetched may have been made by another test.
    cache = os.environ.get("MLOPS_CI_CACHE_DIR") or str(ROOT / ".cache")
    made = Shop(tmp_path, settings, {"DOCKER_HOST": docker_engine.host, "MLOPS_CI_CACHE_DIR": cache})
    yield made
    made.run("deployments", "delete", "shop")


def test_versions_in_containers(shop: Shop) -> None:
    first = shop.json("deploy", "shop")
    assert (first["outcome"], first["deployment"]["version"]) == ("deployed", 1)
    assert predictions(first["url"]) == [4.0]
    second = shop.json("deploy", "shop", "coin@v2")
    assert (second["deployment"]["previous"], second["url"]) == (1, first["url"])
    assert predictions(first["url"]) == [8.0]

    refused = shop.run("deploy", "shop", "coin@v3")
    assert refused.code == 5 and "row 0, prediction: 3.5 was recorded" in refused.complaints[-1]
    add_multiplier(shop.log, shop.lab.folder / "scratch", 4, content=b"no ONNX")
    ill = shop.run("deploy", "shop", "coin@v4")
    assert ill.code == 3 and "it ended before it was ready" in ill.complaints[-1], ill.err
    assert predictions(first["url"]) == [8.0], "the old one serves on"
    assert shop.run("deployments", "check").out == "shop: v2 is healthy, 2 rows as recorded\n"

    back = shop.json("deployments", "rollback", "shop")
    assert (back["outcome"], back["deployment"]["version"], back["url"]) == ("rolled-back", 1, first["url"])
    assert predictions(first["url"]) == [4.0]

    pushed = shop.json("image", "push", "coin@v2")["reference"]
    given = shop.json("deploy", "shop", "--image", f"{pushed.partition('@')[0]}:v2")
    assert (given["outcome"], given["deployment"]["version"]) == ("deployed", 2)
    assert given["deployment"]["instance"]["image"].endswith(f":v2@{pushed.partition('@')[2]}"), "it is pinned"
    assert predictions(first["url"]) == [8.0]
    assert "serving coin v2 at " in shop.run("deployments", "logs", "shop").out
