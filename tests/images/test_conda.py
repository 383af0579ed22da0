"""Software from conda in an image: installed for its place there, whatever folder it is made in."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.errors import UsageError
from mlops_ci.packaging.assembly import assemble
from mlops_ci.packaging.conda_dependencies import conda_dependencies
from mlops_ci.packaging.layers import LayerFile, Layers
from mlops_ci.packaging.oci import BaseManifest
from mlops_ci.pipeline.conda_environment import lock_conda
from mlops_ci.project.conda import CondaFile
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.locked import locked_packages
from tests.support.conda_channel import PLACEHOLDER, write_package, write_python

PREFIX = "opt/mlops-ci/conda"


@pytest.fixture(scope="module")
def lock(tmp_path_factory: pytest.TempPathFactory) -> EnvironmentLock:
    folder = tmp_path_factory.mktemp("conda")
    write_python(folder / "channel")
    write_package(folder / "channel", "gadget", "1.0", {"bin/gadget": f"#!{PLACEHOLDER}/bin/python\n"})
    wanted = CondaFile((f"file://{folder / 'channel'}",), ("python", "gadget"))
    return lock_conda(wanted, None, "linux-64", cache=folder / "cache", where="x", compile_pip=lambda *_: "")


def made(lock: EnvironmentLock, folder: Path) -> LayerFile:
    """The layer, made by a machine that has nothing of it yet."""
    recipe = conda_dependencies(lock, "linux/amd64", folder / "packages", {})
    return Layers(folder / "layers", scratch_folder, 0).find(recipe)


def test_programs_are_made_for_the_image_and_can_be_started(lock: EnvironmentLock, tmp_path: Path) -> None:
    with tarfile.open(made(lock, tmp_path).path) as archive:
        script = archive.getmember(f"{PREFIX}/bin/gadget")
        text = archive.extractfile(script)
        assert text is not None and text.read() == f"#!/{PREFIX}/bin/python\n".encode()
        assert script.mode == 0o755 and archive.getmember(f"{PREFIX}/bin/python").issym()
        assert not [name for name in archive.getnames() if "conda-meta" in name]


def test_the_layer_is_the_same_wherever_it_is_made(lock: EnvironmentLock, tmp_path: Path) -> None:
    first, second = (made(lock, tmp_path / name) for name in ("one", "two"))
    assert first.layer == second.layer and first.path != second.path


def test_the_server_is_started_by_the_python_of_the_environment(lock: EnvironmentLock, tmp_path: Path) -> None:
    base = BaseManifest((), {"rootfs": {"type": "layers", "diff_ids": []}})
    layers, created = [made(lock, tmp_path).layer], "2026-01-01T00:00:00Z"
    images = [
        assemble(base, layers, labels={}, created=created, platform="linux/amd64", conda=conda)
        for conda in (True, False)
    ]
    starts = [json.loads(image.config.data)["config"]["Entrypoint"][0] for image in images]
    assert starts == [f"/{PREFIX}/bin/python", "python3"]


def test_an_environment_for_another_platform_is_refused(lock: EnvironmentLock, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="solved for linux-64, and the image is for linux/arm64"):
        conda_dependencies(lock, "linux/arm64", tmp_path, {})


def test_the_lock_says_which_packages_are_in_it(lock: EnvironmentLock) -> None:
    gadget, python = locked_packages(lock)
    assert (gadget.name, gadget.version, gadget.build, gadget.platform) == ("gadget", "1.0", "0", "noarch")
    assert python.name == "python" and len(python.hashes) == 1
