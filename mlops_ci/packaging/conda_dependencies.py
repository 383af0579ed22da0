"""The layer of an image's software where it comes from conda: the packages of the lock, as one folder.

It is installed for the place that it has in the image, whatever folder it is made in. No script of a package is run.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from mlops_ci.edge import conda
from mlops_ci.errors import UsageError
from mlops_ci.packaging.dependencies import install_wheels
from mlops_ci.packaging.layers import Recipe
from mlops_ci.packaging.places import CONDA
from mlops_ci.records.environment import CondaLock, EnvironmentLock

_PLATFORMS = {"linux/amd64": "linux-64", "linux/arm64": "linux-aarch64"}


def conda_dependencies(lock: EnvironmentLock, platform: str, cache: Path, environ: Mapping[str, str]) -> Recipe:
    """The recipe of the layer.

    Args:
        lock: of the environment.
        platform: of the image.
        cache: where downloaded packages are kept.
        environ: the environment variables, which say what index to ask for what pip adds.

    Raises:
        UsageError: the lock is for another platform.
    """
    if lock.platform != _PLATFORMS[platform]:
        raise UsageError(
            f"the environment was solved for {lock.platform}, and the image is for {platform}",
            where="image.platform",
            hint=f"train on {_PLATFORMS[platform]}, or image: {{dockerfile: ...}}",
        )
    make = partial(_install, lock, platform, cache, environ)
    return Recipe("dependencies", [lock.text, lock.python, platform], CONDA.lstrip("/"), make, programs=True)


def _install(lock: EnvironmentLock, platform: str, cache: Path, environ: Mapping[str, str], folder: Path) -> None:
    parts = CondaLock.read(lock.text)
    conda.install(parts.conda, lock.platform, folder, cache=cache, where="the image's software", final=CONDA)
    if parts.pip:
        packages = folder / "lib" / f"python{lock.python}" / "site-packages"
        install_wheels(parts.pip, lock.python, platform, environ, packages)
    # What tells of the installation: when, from where, and with paths of this machine.
    shutil.rmtree(folder / "conda-meta", ignore_errors=True)
    for path in sorted(folder.rglob("__pycache__")):
        shutil.rmtree(path)
