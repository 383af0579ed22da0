"""A command line with a workspace, and the one MLflow server that all tests of a worker share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.__main__ import run
from tests.parts import mlflow
from tests.support.lab import Done

Cli = Callable[..., Done]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a verb in a folder of its own, with the workspace ``ws`` there."""
    for name in ("TOKEN", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLOPS_CI_WORKSPACE", str(folder / "ws"))

    def call(*arguments: str) -> Done:
        code = run(list(arguments))
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mlflow.Mlflow]:
    with mlflow.server(tmp_path_factory.mktemp("mlflow")) as found:
        yield found


def versions(cli: Cli, model: str) -> list[dict[str, Any]]:
    """The versions of a model here, oldest first."""
    found: list[dict[str, Any]] = json.loads(cli("models", "list", "--model", model, "--json").out)
    return found[::-1]


def files(cli: Cli, reference: str, folder: Path) -> dict[str, bytes]:
    """The files of a version."""
    assert cli("models", "download", reference, str(folder)).code == 0
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
