"""What a user installs: the built wheel, in a clean environment, far from this checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.lab import Lab, clean_environment

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the executables of an environment in which only the wheel is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    assert uv, "uv is a development dependency"

    def run(*command: str) -> None:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    run(uv, "build", "--wheel", "--quiet", "--out-dir", str(folder))
    run(uv, "venv", "--quiet", "--python", sys.executable, str(folder / "venv"))
    [wheel] = folder.glob("*.whl")
    run(uv, "pip", "install", "--quiet", "--python", str(folder / "venv/bin/python"), f"mlops-ci[all] @ file://{wheel}")
    return folder / "venv/bin"


def call(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = clean_environment() | {"PATH": f"{installed}:/usr/local/bin:/usr/bin:/bin"}
    return subprocess.run(
        [installed / "mlops-ci", *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False
    )


def test_the_wheel_says_its_version_and_validates_a_project(installed: Path, tmp_path: Path) -> None:
    assert call(installed, tmp_path, "--version").stdout.startswith("mlops-ci 0.")
    assert call(installed, tmp_path, "init").returncode == 0
    assert call(installed, tmp_path, "validate").returncode == 0


def test_the_wheel_takes_a_commit_all_the_way(installed: Path, lab: Lab) -> None:
    done = call(installed, lab.folder, "ci", "--host", "local", "--quiet")
    # The project's steps need PyYAML, which is there because mlops-ci itself does.
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "coin: v1 promoted"), done.stderr


def test_the_example_of_the_demo_is_in_the_wheel(installed: Path) -> None:
    [bundled] = installed.parent.glob("lib/python3*/site-packages/mlops_ci/_bundled")
    assert (bundled / "examples/flight-delay/data/flights.parquet").is_file()
    assert (bundled / "schemas/mlops.schema.json").is_file()
    assert not list(bundled.rglob("__pycache__"))


@pytest.mark.parametrize(
    ("package", "verb"),
    [("polars", "gate --candidate p.csv --rule accuracy>0.5"), ("numpy", "ci --help"), ("numpy", "comment")],
)
def test_without_extras_a_missing_one_is_named(installed: Path, tmp_path: Path, package: str, verb: str) -> None:
    code = (
        f"import sys; sys.modules['{package}'] = None; from mlops_ci.__main__ import run; sys.exit(run(sys.argv[1:]))"
    )
    (tmp_path / "p.csv").write_text("target,prediction\n1,1\n")
    done = subprocess.run(
        [installed / "python", "-c", code, *verb.split()],
        cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "pip install 'mlops-ci[gate]'" in done.stderr) == (2, True), done.stderr
