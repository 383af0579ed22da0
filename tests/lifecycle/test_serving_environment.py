"""Which Python serves a package."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import mlops_ci
from mlops_ci.edge.own_package import own_package
from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.serving_environment import serving_python
from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.environment import InterpreterEnvironment
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.serving import SERVING_FORMAT, ServedModel, ServingManifest
from mlops_ci.workspace.local import LocalStore
from tests.serving.collected import manifest

SCRIPT = ServingManifest(SERVING_FORMAT, "coin", (ServedModel(name="coin", kind="script", file="score.py"),))


class Old(InterpreterEnvironment):
    def lock(self) -> EnvironmentLock:
        return replace(super().lock(), python="3.9")


def test_onnx_models_are_served_by_our_own_python(tmp_path: Path) -> None:
    cache = StepCache(LocalStore(tmp_path), ("",), "coin")
    chosen = serving_python(manifest(), Old({}), folder=tmp_path, cache=cache, environ={})
    assert chosen == Path(sys.executable)


def test_a_script_is_served_by_its_own_python_which_sees_of_ours_the_server_alone(tmp_path: Path) -> None:
    cache = StepCache(LocalStore(tmp_path), ("",), "coin")
    environ = {**os.environ, "MLOPS_CI_CACHE_DIR": str(tmp_path / "cache")}
    for _ in range(2):
        chosen = serving_python(SCRIPT, InterpreterEnvironment(environ), folder=tmp_path, cache=cache, environ=environ)
    assert chosen.parent == Path(sys.executable).parent
    folder = own_package(environ)
    assert [path.name for path in folder.iterdir()] == ["mlops_ci"]
    command = [str(chosen), "-c", "import mlops_ci.serving.script, sys; print(mlops_ci.__file__)"]
    done = subprocess.run(
        command, env={**environ, "PYTHONPATH": str(folder)}, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()).resolve() == Path(mlops_ci.__file__).resolve()


def test_a_python_that_cannot_run_the_server_is_told(tmp_path: Path) -> None:
    cache = StepCache(LocalStore(tmp_path), ("",), "coin")
    with pytest.raises(UsageError, match=r"for Python 3.9, the server needs 3.11; train with Python 3.11 or newer"):
        serving_python(SCRIPT, Old({}), folder=tmp_path, cache=cache, environ={})
