"""Images: how long a new model takes to the registry, and how much smaller an image's software is than MLflow's.

Needs a registry with a base: ``python benchmarks/image.py REGISTRY/REPOSITORY --base BASE``; a registry on this machine
will do. MLflow's side is what an image of ``mlflow models build-docker`` installs of Python packages for a scikit-learn
model: its server's requirements and the model's, into an environment of their own. Sizes are those of files on disk.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mlops_ci.edge.uv import run_uv
from mlops_ci.lifecycle.imaging import Workshop, build_image, push_image
from mlops_ci.packaging.dependencies import dependencies, server_lock
from mlops_ci.packaging.provenance import Builder
from mlops_ci.project.image import ImageChoice
from mlops_ci.project.load import load_project
from mlops_ci.workspace.format import initialise
from tests.images.making import add_version, log_of, no_code, workspace

PROJECT = b"version: 1\nmodel: {name: flight-delay}\nsteps: {train: {run: 'true', outputs: [build/model.pkl]}}\n"
# What mlflow writes into requirements.txt of a scikit-learn model and its Dockerfile installs beside it.
MLFLOW = ("mlflow", "gunicorn", "scikit-learn", "numpy", "scipy", "pandas", "cloudpickle", "psutil")
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("repository")
    parser.add_argument("--base", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first, second = _builds(folder, options.repository, options.base)
        ours, theirs = _ours(folder / "ours"), _mlflow(folder / "mlflow")
    print(f"first build and push    {first:6.2f} s")
    print(f"a new model, and push   {second:6.2f} s")
    print(f"software of our image   {ours / 1e6:6.0f} MB")
    print(f"software of MLflow's    {theirs / 1e6:6.0f} MB")
    print(f"ratio                   1/{theirs / ours:.1f}")


def _builds(folder: Path, repository: str, base: str) -> tuple[float, float]:
    store = workspace(folder)
    initialise(store)
    project = load_project(PROJECT, "mlops.yaml")
    shop = Workshop(
        project=replace(project, image=ImageChoice(base=base)),
        folder=folder,
        store=store,
        log_of=partial(log_of, store),
        read_code=no_code,
        environ={**os.environ, "MLOPS_CI_CACHE_DIR": str(folder / "cache")},
        say=print,
        builder=Builder("local"),
    )
    seconds = []
    for number in (1, 2):
        model = os.urandom(5 << 20)
        version = add_version(log_of(store), folder / "scratch", onnx=model, fingerprint=f"f{number}")
        started = time.perf_counter()
        push_image(shop, build_image(shop, version), repository, ())
        seconds.append(time.perf_counter() - started)
    return seconds[0], seconds[1]


def _ours(folder: Path) -> int:
    folder.mkdir()
    dependencies(server_lock(collects=False), PYTHON, "linux/amd64", os.environ).lay_out(folder)
    return _size(folder)


def _mlflow(folder: Path) -> int:
    told = {"folder": folder.parent, "environ": os.environ, "where": "MLflow", "hint": "check the package index"}
    # pip compiles what it installs.
    arguments = ("pip", "install", "--target", str(folder), "--python", sys.executable, "--compile-bytecode")
    run_uv(*arguments, *MLFLOW, **told)  # type: ignore[arg-type]
    shutil.rmtree(folder / "bin", ignore_errors=True)
    return _size(folder)


def _size(folder: Path) -> int:
    done = subprocess.run(["du", "-sb", str(folder)], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0])


if __name__ == "__main__":
    main()
