"""Images: how long a new model takes to the registry, and how much smaller an image's software is than MLflow's.

Needs a registry with a base: ``python benchmarks/image.py REGISTRY/REPOSITORY --base BASE``; one on this machine will
do. MLflow's side is what the Dockerfile of ``mlflow models generate-dockerfile`` installs upon its base, for a forest
saved as a scikit-learn model and as an ONNX model: image_of_mlflow.py reads it. Ours is all that is above our base:
software, server and model, for which there are 5 MB. Sizes are those of files on disk.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.remove(str(Path(__file__).parent))  # there is an onnx.py, which is not the package
sys.path.append(str(Path(__file__).parent))

from image_of_mlflow import size_of, sizes_of_mlflow

from mlops_ci.lifecycle.imaging import Workshop, build_image, push_image
from mlops_ci.packaging.dependencies import dependencies, server_lock
from mlops_ci.packaging.provenance import Builder
from mlops_ci.packaging.server_layer import server_layer
from mlops_ci.project.image import ImageChoice
from mlops_ci.project.load import load_project
from mlops_ci.workspace.format import initialise
from tests.images.making import add_version, log_of, no_code, workspace

PROJECT = b"version: 1\nmodel: {name: flight-delay}\nsteps: {train: {run: 'true', outputs: [build/model.pkl]}}\n"
MODEL = 5 << 20
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
        ours = _ours(folder / "ours")
        theirs = sizes_of_mlflow(folder / "mlflow")
    print(f"first build and push           {first:8.2f} s")
    print(f"a new model, build and push    {second:8.2f} s")
    print(f"ours, above the base           {ours / 1e6:8.0f} MB")
    for flavour, (packages, system) in theirs.items():
        told = f"{packages / 1e6:.0f} of Python, {system / 1e6:.0f} of Debian"
        whole = packages + system
        print(f"MLflow's, {flavour:<20} {whole / 1e6:8.0f} MB: {told}; ours is 1/{whole / ours:.1f} of it")


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
        model = os.urandom(MODEL)
        version = add_version(log_of(store), folder / "scratch", onnx=model, fingerprint=f"f{number}")
        started = time.perf_counter()
        push_image(shop, build_image(shop, version), repository, ())
        seconds.append(time.perf_counter() - started)
    return seconds[0], seconds[1]


def _ours(folder: Path) -> int:
    folder.mkdir()
    dependencies(server_lock(collects=False), PYTHON, "linux/amd64", os.environ).lay_out(folder)
    (folder / "mlops_ci").mkdir()
    server_layer().lay_out(folder / "mlops_ci")
    return size_of(folder) + MODEL


if __name__ == "__main__":
    main()
