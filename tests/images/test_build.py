"""Images of versions, built without a Docker daemon and pushed to a real registry."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from mlops_ci.errors import ConflictError, IntegrityError, RemoteError, UsageError
from mlops_ci.lifecycle.image_inspection import describe_folder, describe_image
from mlops_ci.lifecycle.imaging import Built, build_image, push_image, write_image
from mlops_ci.packaging.layers import Layers, Recipe
from tests.images.conftest import Bench
from tests.parts.base_image import BaseImage, push_layout
from tests.parts.oci_registry import Registry


def digests(built: Built) -> list[str]:
    return [layer.digest for layer in built.image.layers]


@contextmanager
def elsewhere(folder: Path) -> Iterator[None]:
    """Another working directory, umask and time of day."""
    folder.mkdir()
    before, mask = Path.cwd(), os.umask(0o077)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        os.umask(mask)


def test_an_image_goes_to_a_registry_with_all_that_is_known_of_it(bench: Bench, base_image: BaseImage) -> None:
    version, shop = bench.add(), bench.shop()
    pushed = push_image(shop, build_image(shop, version), bench.repository, ("v1", "latest"))
    shown = describe_image(f"{bench.repository}:latest", shop.environ)
    assert bench.said == [f"base: {base_image.reference}"]
    assert shown.digest == pushed.image.digest == describe_image(f"{bench.repository}:v1", shop.environ).digest
    assert [layer.kind for layer in shown.layers] == ["base", "dependencies", "server", "model"]
    assert (shown.base, shown.user, shown.platform) == (base_image.reference, "65532:65532", "linux/amd64")
    assert (shown.sbom, shown.provenance) == (pushed.image.sbom, pushed.image.provenance)
    assert shown.models == ("flight-delay v1",)
    assert {name.split()[0] for name in shown.packages} >= {"numpy", "onnxruntime", "httptools", "msgspec"}
    unwanted = {"scikit-learn", "pandas", "scipy", "polars", "gitpython", "obstore", "requests", "jsonschema"}
    assert not {name.split()[0] for name in shown.packages} & unwanted
    assert shown.labels["org.opencontainers.image.revision"] == version.commit
    assert shown.labels["mlops-ci.version"] == "1"
    (known,) = shop.log_of("flight-delay").read().versions[1].images
    assert known == pushed.image
    assert known.reference == f"{bench.repository}@{known.digest}"


def test_containers_of_it_run_the_server_as_nobody_in_particular(bench: Bench, oci_registry: Registry) -> None:
    shop = bench.shop()
    built = build_image(shop, bench.add())
    config = json.loads(built.finished.assembly.config.data)
    settings = config["config"]
    assert settings["Entrypoint"][:3] == ["python3", "-m", "mlops_ci.serving"]
    assert settings["User"] == "65532:65532"
    assert settings["Healthcheck"]["Test"][0] == "CMD"
    assert "/health/ready" in settings["Healthcheck"]["Test"][-1]
    assert (settings["StopSignal"], list(settings["ExposedPorts"])) == ("SIGTERM", ["8080/tcp"])
    assert "PYTHONPATH=/opt/mlops-ci/server:/opt/mlops-ci/packages" in settings["Env"]
    assert len(config["rootfs"]["diff_ids"]) == len(config["history"]) == len(built.image.layers)


def test_the_same_inputs_have_the_same_digest_wherever_and_whenever(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = bench.add()
    first = build_image(bench.shop(), version)
    bench.cache = tmp_path / "another-cache"
    (bench.cache / "images/layers").mkdir(parents=True)
    # Not the dependencies: installing them is a test of its own.
    for file in (shared := Path(first.finished.files[first.image.layers[1].digest])).parent.iterdir():
        if file == shared or (file.suffix == ".json" and b'"dependencies"' in file.read_bytes()):
            (bench.cache / "images/layers" / file.name).symlink_to(file)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("LC_ALL", "C")
    with elsewhere(tmp_path / "elsewhere"):
        second = build_image(bench.shop(LC_ALL="C", TZ="Asia/Tokyo"), version)
    assert second.image == first.image


def test_a_new_model_touches_one_layer(bench: Bench) -> None:
    shop = bench.shop()
    first = build_image(shop, bench.add())
    push_image(shop, first, bench.repository, ())
    second = build_image(shop, bench.add(b"a better model", fingerprint="f2"))
    pushed = push_image(shop, second, bench.repository, ())
    assert digests(first)[:3] == digests(second)[:3]
    assert list(pushed.moved.values()) == ["there", "there", "there", "sent"]
    again = push_image(shop, build_image(shop, second.version), bench.repository, ())
    assert set(again.moved.values()) == {"there"}
    assert len(shop.log_of("flight-delay").read().versions[2].images) == 1


def test_layers_of_another_repository_of_the_registry_are_mounted(bench: Bench) -> None:
    shop = bench.shop()
    version = bench.add()
    push_image(shop, build_image(shop, version), bench.repository, ())
    known = shop.log_of("flight-delay").read().versions[1]
    pushed = push_image(shop, build_image(shop, known), f"{bench.repository}/second", ())
    assert set(pushed.moved.values()) == {"mounted"}


def test_layers_of_a_base_elsewhere_are_fetched_once_and_sent(
    bench: Bench, base_image: BaseImage, closed_oci_registry: Registry, tmp_path: Path
) -> None:
    closed = closed_oci_registry
    assert closed.user and closed.password
    shop = bench.shop(MLOPS_CI_REGISTRY_USER=closed.user, MLOPS_CI_REGISTRY_PASSWORD=closed.password)
    target = f"{closed.address}/acme/model"
    pushed = push_image(shop, build_image(shop, bench.add(), target=target), target, ())
    assert set(pushed.moved.values()) == {"sent"}
    found = requests.get(f"{closed.url}acme/model/tags/list", auth=(closed.user, closed.password), timeout=10).json()
    assert "v1" in found["tags"]
    with pytest.raises(RemoteError, match="does not let us write"):
        push_image(bench.shop(), build_image(bench.shop(), bench.add()), f"{closed.address}/acme/other", ())


def test_an_image_is_written_as_a_folder_that_is_an_image_layout(bench: Bench, oci_registry: Registry) -> None:
    shop = bench.shop()
    built = build_image(shop, bench.add())
    folder = bench.folder / "layout"
    write_image(shop, built, folder)
    write_image(shop, built, folder)
    shown = describe_folder(folder)
    assert (shown.digest, shown.models) == (built.image.digest, ("flight-delay v1",))
    assert {path.name for path in bench.folder.iterdir()} >= {"layout"}
    assert not list(bench.folder.glob(".layout*"))
    config = built.finished.assembly.config.digest.removeprefix("sha256:")
    (folder / "blobs/sha256" / config).write_bytes(b"{}")
    with pytest.raises(IntegrityError, match="other bytes than its digest says"):
        describe_folder(folder)
    (bench.folder / "mine").mkdir()
    (bench.folder / "mine/file").touch()
    with pytest.raises(ConflictError, match="something else is there"):
        write_image(shop, built, bench.folder / "mine")


def test_the_model_layer_has_the_package_and_belongs_to_root(bench: Bench) -> None:
    built = build_image(bench.shop(), bench.add())
    with tarfile.open(built.finished.files[built.image.layers[-1].digest]) as archive:
        entries = archive.getmembers()
    assert [entry.name for entry in entries] == [
        "opt", "opt/mlops-ci", "opt/mlops-ci/package", "opt/mlops-ci/package/models",
        "opt/mlops-ci/package/models/flight-delay", "opt/mlops-ci/package/models/flight-delay/model.onnx",
        "opt/mlops-ci/package/serving.json",
    ]  # fmt: skip
    assert {(entry.uid, entry.gid, entry.uname, entry.gname, entry.mtime) for entry in entries} == {(0, 0, "", "", 0)}
    assert {entry.mode for entry in entries} == {0o755, 0o644}


def test_a_tag_of_a_base_means_the_same_image_until_it_is_looked_up_anew(
    bench: Bench, oci_registry: Registry, base_image: BaseImage
) -> None:
    repository = f"bases/{bench.folder.name}"
    push_layout(base_image.layout, oci_registry, repository)
    manifest = requests.get(
        f"{oci_registry.url}{repository}/manifests/{base_image.digest}",
        headers={"Accept": "application/vnd.oci.image.manifest.v1+json"}, timeout=10,
    )  # fmt: skip

    def tag(data: bytes) -> None:
        kind = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
        done = requests.put(f"{oci_registry.url}{repository}/manifests/3", data=data, headers=kind, timeout=10)
        done.raise_for_status()

    tag(manifest.content)
    bench.settings = {"image": {"base": f"{oci_registry.address}/{repository}:3"}}
    version = bench.add()
    first = build_image(bench.shop(), version)
    assert first.image.base == f"{oci_registry.address}/{repository}:3@{base_image.digest}"
    tag(json.dumps({**manifest.json(), "annotations": {"moved": "on"}}).encode())
    assert build_image(bench.shop(), version).image == first.image
    updated = build_image(bench.shop(), version, update_base=True)
    assert updated.image.base != first.image.base
    assert build_image(bench.shop(), version).image == updated.image


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ({"base": "HERE/library/absent:1"}, "there is no such base image"),
        ({"platform": "linux/arm64"}, "the base is made for amd64, not linux/arm64"),
        ({"base": "HERE/Library/Python:3"}, "not the name of an image"),
    ],
)
def test_a_base_that_will_not_do_is_told(
    bench: Bench, oci_registry: Registry, image: dict[str, str], expected: str
) -> None:
    given = {key: value.replace("HERE", oci_registry.address) for key, value in image.items()}
    bench.settings = {"image": {**bench.settings["image"], **given}}
    with pytest.raises(UsageError, match=expected) as caught:
        build_image(bench.shop(), bench.add())
    assert caught.value.exit_code == 2


def test_a_layer_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "file").write_text("data")
        raise OSError(28, "No space left on device")

    @contextmanager
    def scratch() -> Iterator[Path]:
        (tmp_path / "scratch").mkdir(exist_ok=True)
        yield tmp_path / "scratch"

    with pytest.raises(OSError, match="No space"):
        Layers(tmp_path / "layers", scratch, 0).find(Recipe("model", [], "opt", fill))
    assert not list((tmp_path / "layers").iterdir())


def test_the_variables_of_reproducible_builds_count(bench: Bench) -> None:
    version = replace(bench.add(), source=None)
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH is not a number"):
        build_image(bench.shop(SOURCE_DATE_EPOCH="yesterday"), version)
