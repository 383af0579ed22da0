"""The parts that images are tested against: what they promise, and that nothing stays of them."""

from __future__ import annotations

import json
from pathlib import Path

import docker
import pytest
import requests

from tests.parts.base_image import BaseImage, push_layout
from tests.parts.docker_engine import Engine
from tests.parts.oci_registry import Registry

pytestmark = pytest.mark.xdist_group("docker")


def test_the_engine_pulls_the_base_from_the_registry_and_runs_its_python(
    docker_engine: Engine, base_image: BaseImage
) -> None:
    client = docker.DockerClient(base_url=docker_engine.host)
    try:
        client.images.pull(base_image.reference)
        said = client.containers.run(
            base_image.reference, ["python3", "-c", "import ssl, json, sys; print(sys.version)"], remove=True
        )
    finally:
        client.close()
    assert said.decode().startswith(base_image.python)


def test_a_closed_registry_asks_who_is_there(closed_oci_registry: Registry, base_layout: Path) -> None:
    assert requests.get(closed_oci_registry.url, timeout=10).status_code == 401
    image = push_layout(base_layout, closed_oci_registry, "acme/base")
    manifest = f"{closed_oci_registry.url}acme/base/manifests/{image.digest}"
    assert requests.get(manifest, timeout=10).status_code == 401
    (entry,) = json.loads((base_layout / "index.json").read_text())["manifests"]
    answer = requests.get(
        manifest, auth=(str(closed_oci_registry.user), str(closed_oci_registry.password)),
        headers={"Accept": entry["mediaType"]}, timeout=10,
    )  # fmt: skip
    assert answer.json()["schemaVersion"] == 2
