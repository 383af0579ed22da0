"""What all tests share."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from mlops_ci.edge.machine import available_processors
from tests.parts.need import soak
from tests.support.lab import Lab

pytest_plugins = [
    "tests.parts.azure_extension",
    "tests.parts.backends",
    "tests.parts.oci_registry",  # before the one that imports it, so that pytest explains its assertions
    "tests.parts.base_image",
    "tests.parts.browser",
    "tests.parts.docker_engine",
    "tests.parts.github.fixture",
    "tests.parts.mermaid",
    "tests.parts.tiny_image",
]
# A test that is slow on a busy machine is no wrong one. A change is judged by the same examples as the one before it;
# MLOPS_CI_SOAK=1 looks for others, and for more of them.
settings.register_profile("here", max_examples=soak(40, 1000), deadline=None, derandomize=not soak(0, 1))
settings.load_profile("here")
Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-golden", action="store_true", help="write the golden files anew; then review the diff")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: many tests wait for programs that they have started."""
    return available_processors() + 1


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare a text that people read with the file of that name in the folder ``golden`` beside the test."""

    def compare(name: str, text: str) -> None:
        file = Path(request.path).parent / "golden" / name
        if request.config.getoption("--renew-golden"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, "utf-8")
        assert file.is_file(), f"{file} is missing: run make golden and review it"
        assert text == file.read_text("utf-8"), "if the change is meant, run make golden and review the diff"

    return compare


@pytest.fixture(autouse=True)
def _a_clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine or of a CI service around the tests decides their outcome."""
    for name in ("CI", "GITHUB_ACTIONS", "TF_BUILD", "MLOPS_CI_WORKSPACE", "MLOPS_CI_PROJECT", "MLOPS_CI_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A committed project whose first model has skill 0.6."""
    made = Lab(tmp_path / "coin")
    made.commit("first")
    return made


@pytest.fixture(scope="session")
def _champion_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Lab(tmp_path_factory.mktemp("template") / "coin")
    made.commit("first")
    made.ci()
    return made.folder


@pytest.fixture
def lab_with_champion(_champion_template: Path, tmp_path: Path) -> Lab:
    """A committed project whose first model, of skill 0.6, is the champion."""
    folder = tmp_path / "coin"
    shutil.copytree(_champion_template, folder, symlinks=True)
    return Lab.existing(folder)
