"""The packed extension, a repository, and an agent."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.hosts.azure_jobs import PUSH
from tests.parts.azure_task import Agent
from tests.parts.need import missing
from tests.support.lab import Lab

ROOT = Path(__file__).parents[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker packs, and runs what needs the pack."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("extension"))


@dataclass(frozen=True)
class Extension:
    """The extension as a file, and as it is unpacked."""

    file: Path
    folder: Path

    def task(self, name: str) -> Path:
        """The folder of a task."""
        return self.folder / "tasks" / name


@pytest.fixture(scope="session")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Extension:
    """What ``make vsix`` makes."""
    if not shutil.which("npm"):
        missing("npm")
    folder = tmp_path_factory.mktemp("extension")
    packing = [sys.executable, str(ROOT / "pipelines/pack.py"), str(folder / "mlops-ci.vsix")]
    done = subprocess.run(packing, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(folder / "mlops-ci.vsix") as archive:
        archive.extractall(folder / "unpacked")
    return Extension(folder / "mlops-ci.vsix", folder / "unpacked")


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A repository, as a checkout."""
    lab = Lab(tmp_path / "s")
    lab.commit("first")
    return lab


@pytest.fixture
def agent(tmp_path: Path, lab: Lab) -> Agent:
    """An agent with that checkout."""
    return Agent(tmp_path / "agent", lab.folder, PUSH)
