"""Images in a real Docker Engine: loaded, built from a Dockerfile, pushed to a real registry."""

from __future__ import annotations

import json
import sys
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import requests
from docker import DockerClient

from mlops_ci.edge.docker_engine import open_engine
from mlops_ci.errors import IntegrityError, MissingExtraError, RemoteError, UsageError
from mlops_ci.packaging.archive import docker_archive, layout_files
from mlops_ci.packaging.engine import build, load, push
from mlops_ci.records.digest import digest_of_bytes
from tests.parts.docker_engine import Engine
from tests.parts.oci_registry import Registry
from tests.parts.tiny_image import TinyImage

pytestmark = pytest.mark.xdist_group("docker")


@pytest.fixture
def client(docker_engine: Engine) -> Iterator[DockerClient]:
    opened = open_engine({"DOCKER_HOST": docker_engine.host})
    yield opened
    opened.close()


def _context(folder: Path, tiny_image: TinyImage, *lines: str) -> Path:
    (folder / "Dockerfile").write_text("\n".join([f"FROM {tiny_image.name}", *lines]))
    (folder / "greeting").write_text("hello")
    return folder


def _build(client: DockerClient, context: Path, said: list[str], dockerfile: str = "Dockerfile") -> str:
    made = build(
        client, context, dockerfile, name="tests/own:1", platform="linux/amd64", labels={"run": "7"},
        on_line=said.append,
    )  # fmt: skip
    assert made.layers == ()
    return made.digest


def _small_image(client: DockerClient, folder: Path) -> str:
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /")
    return _build(client, folder, [])


def test_a_layout_is_loaded_under_the_digest_of_its_configuration(client: DockerClient, base_layout: Path) -> None:
    config, layers = layout_files(base_layout)
    for _ in range(2):
        assert load(client, config, layers, "tests/base:1") == digest_of_bytes(config)
    said = client.containers.run("tests/base:1", ["python3", "-c", "print('alive')"], remove=True)
    assert said == b"alive\n"


def test_an_archive_whose_layers_are_not_those_of_the_configuration_is_refused(
    client: DockerClient, base_layout: Path, tmp_path: Path
) -> None:
    forged = json.loads(layout_files(base_layout)[0])
    forged["rootfs"]["diff_ids"] = [f"sha256:{'0' * 64}"]
    with pytest.raises(RemoteError, match="does not take the image"):
        load(client, json.dumps(forged).encode(), [_empty_layer(tmp_path / "layer")], "tests/forged:1")


def _empty_layer(path: Path) -> Path:
    with tarfile.open(path, "w"):
        return path


def test_an_archive_is_whole_whatever_the_sizes_of_its_layers(tmp_path: Path) -> None:
    layers = []
    for size in (0, 1, 511, 512, 513, 3 << 20):
        layers.append(tmp_path / str(size))
        layers[-1].write_bytes(b"x" * size)
    with tarfile.open(fileobj=BytesIO(b"".join(docker_archive(b"{}", layers, "a:b")))) as archive:
        sizes = {entry.name: entry.size for entry in archive}
        manifest = json.load(archive.extractfile("manifest.json") or BytesIO())
    assert [sizes[name] for name in manifest[0]["Layers"]] == [0, 1, 511, 512, 513, 3 << 20]
    assert sizes[manifest[0]["Config"]] == 2
    assert manifest[0]["RepoTags"] == ["a:b"]


@pytest.mark.parametrize("index", ["", "[]", '{"manifests": []}', '{"manifests": [{"digest": "../../etc/passwd"}]}'])
def test_what_is_no_layout_is_refused(tmp_path: Path, index: str) -> None:
    (tmp_path / "index.json").write_text(index)
    with pytest.raises(IntegrityError, match="not an OCI layout"):
        layout_files(tmp_path)


def test_a_dockerfile_of_the_users_is_built_and_its_lines_are_told(
    client: DockerClient, tiny_image: TinyImage, tmp_path: Path
) -> None:
    said: list[str] = []
    steps = ("USER root", "COPY greeting /srv/greeting", "RUN cat /srv/greeting && printf ' \\033[1mbold\\n'")
    context = _context(tmp_path, tiny_image, *steps)
    digest = _build(client, context, said)
    assert [line for line in said if "hello" in line] == ["hello  [1mbold"]
    assert client.images.get(digest).labels["run"] == "7"


def test_a_dockerfile_that_fails_is_the_users_to_correct_and_ends_with_its_last_lines(
    client: DockerClient, tiny_image: TinyImage, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"no such luck.*returned a non-zero code: 3.*correct the Dockerfile"):
        _build(client, _context(tmp_path, tiny_image, "RUN echo no such luck; exit 3"), [])
    with pytest.raises(UsageError, match="no such Dockerfile"):
        _build(client, tmp_path, [], "elsewhere/Dockerfile")
    (tmp_path / "Dockerfile").write_text("NONSENSE")
    with pytest.raises(UsageError, match=r"(?i)unknown instruction: NONSENSE"):
        _build(client, tmp_path, [])


def test_a_built_image_is_pushed_and_called_by_its_digest(
    client: DockerClient, oci_registry: Registry, tmp_path: Path
) -> None:
    repository = f"{oci_registry.address}/acme/own"
    image = _small_image(client, tmp_path)
    digest, reference = push(client, image, repository, "v1", on_line=lambda _: None)
    assert reference == f"{repository}@{digest}"
    accept = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
    answer = requests.get(f"{oci_registry.url}acme/own/manifests/v1", headers=accept, timeout=10)
    assert digest_of_bytes(answer.content) == digest


def test_a_registry_without_permission_is_one_line(
    client: DockerClient, closed_oci_registry: Registry, tmp_path: Path
) -> None:
    image = _small_image(client, tmp_path)
    with pytest.raises(RemoteError, match=r"not pushed.*docker login"):
        push(client, image, f"{closed_oci_registry.address}/acme/own", "v1", on_line=lambda _: None)


def test_without_the_sdk_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(MissingExtraError, match=r"mlops-ci\[docker\]"):
        open_engine({})
