"""The packed extension has what an agent and Azure DevOps need of it."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
import sys
import zipfile
from typing import Any
from uuid import UUID

import pytest

from mlops_ci import __version__
from mlops_ci.faces.azure import name_of
from mlops_ci.faces.tasks import TASKS
from tests.azure_pipelines.conftest import ROOT
from tests.parts.azure_extension import Extension

NAMES = sorted([*map(name_of, TASKS), "MlopsDownload"])
MANIFEST: dict[str, Any] = json.loads((ROOT / "pipelines/vss-extension.json").read_text("utf-8"))
MEGABYTE = 1_000_000


def test_every_task_is_in_it_with_all_that_it_needs(extension: Extension) -> None:
    assert sorted(folder.name for folder in (extension.folder / "tasks").iterdir()) == NAMES
    locks = sorted(lock.name for lock in (ROOT / "actions/setup/locks").iterdir())
    for name in NAMES:
        folder = extension.task(name)
        assert json.loads((folder / "task.json").read_text("utf-8"))["name"] == name
        assert sorted(lock.name for lock in (folder / "actions/setup/locks").iterdir()) == locks
        for file in ("index.js", "icon.png", "actions/setup/set_up.sh", "mlops_ci/__main__.py"):
            assert (folder / file).is_file(), file
        assert (folder / "mlops_ci/_bundled/schemas/mlops.schema.json").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_the_package_is_whole_in_every_task(extension: Extension, name: str) -> None:
    folder = extension.task(name)
    [record] = folder.glob(f"mlops_ci-{__version__}.dist-info/RECORD")
    listed = list(csv.reader(record.read_text("utf-8").splitlines()))
    assert len(listed) > 200
    for path, digest, _ in listed:
        if digest:
            found = base64.urlsafe_b64encode(hashlib.sha256((folder / path).read_bytes()).digest())
            assert digest == f"sha256={found.decode().rstrip('=')}", path


def test_it_is_small_and_says_its_version(extension: Extension, capsys: pytest.CaptureFixture[str]) -> None:
    size = extension.file.stat().st_size
    with capsys.disabled():
        sys.stdout.write(f"\n{extension.file.name}: {size / MEGABYTE:.1f} MB, {len(NAMES)} tasks\n")
    # An agent fetches each task by itself.
    assert size < 1.9 * MEGABYTE * len(NAMES)
    manifest = (extension.folder / "extension.vsixmanifest").read_text("utf-8")
    assert f'Version="{__version__}"' in manifest


def test_every_task_is_contributed(extension: Extension) -> None:
    packed = json.loads((extension.folder / "extension.vsomanifest").read_text("utf-8"))
    tasks = [each for each in packed["contributions"] if each["type"] == "ms.vss-distributed-task.task"]
    assert sorted(each["properties"]["name"] for each in tasks) == [f"tasks/{name}" for name in NAMES]
    with zipfile.ZipFile(extension.file) as archive:
        assert {"icon.png", "overview.md", "LICENSE"} <= set(archive.namelist())


def test_the_release_artifact_names_its_download_task_and_its_inputs() -> None:
    [artifact] = (each["properties"] for each in MANIFEST["contributions"] if each["id"] == "registered-model")
    task = json.loads((ROOT / "pipelines/download/task.json").read_text("utf-8"))
    assert artifact["downloadTaskId"] == task["id"]
    assert UUID(task["id"]).version == 5
    required = {"connection", "definition", "version", "downloadPath"}
    assert {each["name"] for each in task["inputs"] if each["required"]} == required
    inputs = {each["id"] for each in artifact["inputDescriptors"]}
    assert {"connection", "definition", "defaultVersionType"} <= inputs
    assert {"definition", "versions", "latestversion"} <= {each["target"] for each in artifact["dataSourceBindings"]}


def test_the_lock_of_npm_names_no_registry() -> None:
    lock = (ROOT / "pipelines/package-lock.json").read_text("utf-8")
    assert "resolved" not in lock
    assert not re.search(r"https?://[^\"]*(registry|npm)", lock)
