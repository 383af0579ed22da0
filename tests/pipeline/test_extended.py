"""The user's environment with more in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_ci.errors import UsageError
from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.environment import InterpreterEnvironment, PipEnvironment
from mlops_ci.pipeline.extended import extended
from mlops_ci.pipeline.tool import Tool
from mlops_ci.workspace.local import LocalStore
from tests.support.lab import clean_environment
from tests.support.wheels import write_wheel


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    wheels = tmp_path / "wheels"
    for name, version in (("gadgetoflab", "1.0"), ("gadgetoflab", "2.0"), ("lensoflab", "1.0")):
        write_wheel(wheels, name, version)
    return {
        **clean_environment(),
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(wheels),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_PYTHON": sys.executable,
        "MLOPS_CI_CACHE_DIR": str(tmp_path / "built"),
    }


@pytest.fixture
def cache(tmp_path: Path) -> StepCache:
    return StepCache(LocalStore(tmp_path / "store"), ("",), "model")


def locked(tmp_path: Path, cache: StepCache, environ: dict[str, str], *more: str) -> str:
    (tmp_path / "requirements.txt").write_text("gadgetoflab==1.0\n")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    base = PipEnvironment("requirements.txt", python, tmp_path, cache, environ)
    return extended(base, more, "onnx", folder=tmp_path, cache=cache, environ=environ).lock().text


def test_what_the_user_has_locked_stays_and_the_new_lock_is_kept(
    tmp_path: Path, cache: StepCache, environ: dict[str, str]
) -> None:
    text = locked(tmp_path, cache, environ, "lensoflab", "gadgetoflab")
    assert "gadgetoflab==1.0" in text and "lensoflab==1.0" in text and "--hash=sha256:" in text
    write_wheel(tmp_path / "wheels", "lensoflab", "2.0")
    assert locked(tmp_path, cache, environ, "gadgetoflab", "lensoflab") == text
    assert "lensoflab==2.0" in locked(tmp_path, cache, environ, "lensoflab>=2")


def test_it_is_built_beside_the_user_s(tmp_path: Path, cache: StepCache, environ: dict[str, str]) -> None:
    (tmp_path / "requirements.txt").write_text("gadgetoflab==1.0\n")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    base = PipEnvironment("requirements.txt", python, tmp_path, cache, environ)
    more = extended(base, ["lensoflab"], "onnx", folder=tmp_path, cache=cache, environ=environ)
    question = "import gadgetoflab, lensoflab; print(gadgetoflab.VERSION + lensoflab.VERSION)"
    command = [str(more.executables() / "python"), "-c", question]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "1.01.0"
    assert base.executables() != more.executables()


def test_what_does_not_fit_the_user_s_lock_is_told(tmp_path: Path, cache: StepCache, environ: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"does not fit the project's environment.*; onnx; "):
        locked(tmp_path, cache, environ, "gadgetoflab>=2")


def test_an_interpreter_must_have_what_is_needed(tmp_path: Path, cache: StepCache) -> None:
    here = InterpreterEnvironment({})
    found = extended(here, ["PyTest>=1"], "onnx", folder=tmp_path, cache=cache, environ={})
    assert found.lock() == here.lock()
    assert found.executables() == here.executables()
    lacking = extended(here, ["pytest", "no_such-thing>=3"], "onnx", folder=tmp_path, cache=cache, environ={})
    with pytest.raises(UsageError, match=r"no_such-thing must be installed.*pip install 'no_such-thing>=3'"):
        lacking.lock()


def test_a_tool_stands_alone(tmp_path: Path) -> None:
    tool = Tool("converter", InterpreterEnvironment({}))
    tool.furnish(tmp_path)
    question = "import json, sys, mlops_ci.converter.trouble, mlops_ci; print(json.dumps([mlops_ci.__file__]))"
    done = subprocess.run(
        [sys.executable, "-c", question],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout) == [str(tmp_path / "mlops_ci" / "__init__.py")]
    assert tool.identity == Tool("converter", InterpreterEnvironment({})).identity
