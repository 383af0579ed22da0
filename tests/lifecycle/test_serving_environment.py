"""Which Python serves a package."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import mlops_ci
from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.serving_environment import environment_of_version, serving_environment
from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.environment import InterpreterEnvironment
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.serving import SERVING_FORMAT, ServedModel, ServingManifest
from mlops_ci.workspace.local import LocalStore
from tests.images.making import add_version, log_of, workspace
from tests.serving.collected import manifest

SCRIPT = ServingManifest(SERVING_FORMAT, "coin", (ServedModel(name="coin", kind="script", file="score.py"),))


class Old(InterpreterEnvironment):
    def lock(self) -> EnvironmentLock:
        return replace(super().lock(), python="3.9")


def test_onnx_models_are_served_by_our_own_python(tmp_path: Path) -> None:
    cache = StepCache(LocalStore(tmp_path), ("",), "coin")
    chosen = serving_environment(manifest(), Old({}), folder=tmp_path, cache=cache, environ={})
    assert (chosen.python, chosen.variables) == (Path(sys.executable), {})


def test_a_script_is_served_by_its_own_python_which_sees_of_ours_the_server_alone(tmp_path: Path) -> None:
    cache = StepCache(LocalStore(tmp_path), ("",), "coin")
    environ = {**os.environ, "MLOPS_CI_CACHE_DIR": str(tmp_path / "cache")}
    for _ in range(2):
        chosen = serving_environment(
            SCRIPT, InterpreterEnvironment(environ), folder=tmp_path, cache=cache, environ=environ
        )
    assert chosen.python.parent == Path(sys.executable).parent
    (folder,) = (Path(path) for path in chosen.variables["PYTHONPATH"].split(os.pathsep))
    assert [path.name for path in folder.iterdir()] == ["mlops_ci"]
    command = [str(chosen.python), "-c", "import mlops_ci.serving.script, sys; print(mlops_ci.__file__)"]
    done = subprocess.run(
        command, env={**environ, **chosen.variables}, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()).resolve() == Path(mlops_ci.__file__).resolve()


def test_a_python_that_cannot_run_the_server_is_told(tmp_path: Path) -> None:
    cache = StepCache(LocalStore(tmp_path), ("",), "coin")
    with pytest.raises(UsageError, match=r"for Python 3.9, the server needs 3.11; train with Python 3.11 or newer"):
        serving_environment(SCRIPT, Old({}), folder=tmp_path, cache=cache, environ={})


def test_an_interpreter_has_to_have_what_the_server_needs(tmp_path: Path) -> None:
    """Where nothing was locked, the script runs in the Python that there is: one without packages, here."""
    bare = tmp_path / "python3"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n', "utf-8")
    bare.chmod(0o755)
    environ = {**os.environ, "MLOPS_CI_CACHE_DIR": str(tmp_path / "cache"), "MLOPS_CI_PYTHON": str(bare)}
    store = workspace(tmp_path)
    version = add_version(log_of(store), tmp_path / "scratch", onnx=None)
    needed = "httptools, msgspec, numpy, onnxruntime, uvloop must be installed beside the model; the scoring server"
    with pytest.raises(UsageError) as refused:
        environment_of_version(SCRIPT, version, folder=tmp_path, store=store, environ=environ)
    assert refused.value.line().startswith(needed)
    del environ["MLOPS_CI_PYTHON"]
    found = environment_of_version(SCRIPT, version, folder=tmp_path, store=store, environ=environ)
    assert found.python.parent == Path(sys.executable).parent and not found.is_ours
