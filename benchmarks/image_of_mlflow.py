"""What an image of MLflow installs, in MLflow's own words.

MLflow, installed into an environment of its own, saves a forest of scikit-learn, and the same as ONNX, and writes the
Dockerfile of each. What that says to install is then installed into a folder, as pip leaves it, or summed up by apt.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

# What an official image of Python has at least: Debian's minimum and what runs Python.
_MINIMAL = ("apt", "ca-certificates", "python3-minimal", "libpython3-stdlib")
_SAVE = """
import numpy as np, mlflow.sklearn, mlflow.onnx
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from skl2onnx import to_onnx
features, target = load_breast_cancer(return_X_y=True)
forest = RandomForestClassifier(100, random_state=0).fit(features, target)
mlflow.sklearn.save_model(forest, "sklearn", serialization_format="cloudpickle")
mlflow.onnx.save_model(to_onnx(forest, features[:1].astype(np.float32)), "onnx-model")
"""
_NEEDS = ("mlflow", "scikit-learn", "onnx", "onnxruntime", "skl2onnx")
_FLAVOURS = {"scikit-learn": "sklearn", "ONNX": "onnx-model"}


def sizes_of_mlflow(folder: Path) -> dict[str, tuple[int, int]]:
    """By flavour, the bytes of Python packages and of Debian packages upon the base."""
    folder.mkdir()
    environment = folder / "environment"
    _uv("venv", "--python", sys.executable, str(environment))
    _uv("pip", "install", "--python", str(environment), *_NEEDS)
    environ = {
        **os.environ, "PATH": f"{environment / 'bin'}:{os.environ['PATH']}", "MLFLOW_DISABLE_TELEMETRY": "true",
    }  # fmt: skip
    subprocess.run(["python", "-c", _SAVE], cwd=folder, env=environ, check=True, capture_output=True)
    found = {}
    for flavour, name in _FLAVOURS.items():
        command = ["mlflow", "models", "generate-dockerfile", "-m", name, "-d", f"{name}-image"]
        subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True)
        found[flavour] = _sizes(folder / f"{name}-image", folder / f"{name}-packages")
    return found


def _sizes(context: Path, target: Path) -> tuple[int, int]:
    text = (context / "Dockerfile").read_text("utf-8")
    packages = [word for line in re.findall(r"pip install ([^&\n]+)", text) for word in line.split()]
    if "_install_pyfunc_deps" in text:  # installs the requirements of the model, and this
        packages.append("gunicorn[gevent]")
    requirements = next(context.rglob("requirements.txt"))
    _uv(
        "pip", "install", "--target", str(target), "--python", sys.executable, "--compile-bytecode",
        *packages, "--requirements", str(requirements),
    )  # fmt: skip
    system = [
        word for line in re.findall(r"apt-get install ([^&\n]+)", text) for word in line.split() if word[0] != "-"
    ]
    model = size_of(next(context.rglob("MLmodel")).parent)
    return size_of(target) + model, _of_debian(target.with_suffix(".status"), system)


def _of_debian(status: Path, packages: list[str]) -> int:
    """The installed size of packages and what they need beyond the minimum, in bytes."""
    status.touch()
    more = _closure(status, (*_MINIMAL, *packages)) - _closure(status, _MINIMAL)
    told = subprocess.run(
        ["apt-cache", "show", "--no-all-versions", *sorted(more)], capture_output=True, text=True, check=True
    ).stdout
    return sum(int(size) * 1024 for size in re.findall(r"(?m)^Installed-Size: ([0-9]+)", told))


def _closure(status: Path, packages: tuple[str, ...]) -> set[str]:
    """What apt installs for packages where nothing is installed."""
    command = ["apt-get", "-o", f"Dir::State::status={status}", "--simulate", "--no-install-recommends", "install"]
    done = subprocess.run([*command, *packages], capture_output=True, text=True, check=True)
    return set(re.findall(r"(?m)^Inst (\S+)", done.stdout))


def size_of(folder: Path) -> int:
    """The bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _uv(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "uv", *arguments, "--quiet"], check=True)
