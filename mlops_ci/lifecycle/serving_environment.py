"""Which Python serves a package on this machine, and where it finds the server."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import mlops_ci
from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.errors import UsageError
from mlops_ci.packaging.dependencies import server_requirements
from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.environment import Environment
from mlops_ci.pipeline.extended import extended
from mlops_ci.records.digest import digest_of_value, hexadecimal
from mlops_ci.records.serving import ServingManifest

_OLDEST = (3, 11)


@dataclass(frozen=True, slots=True)
class ServingEnvironment:
    """An interpreter, and the variables that it needs beside those of the machine."""

    python: Path
    variables: dict[str, str] = field(default_factory=dict)


def serving_environment(
    manifest: ServingManifest, scripts: Environment, *, folder: Path, cache: StepCache, environ: Mapping[str, str]
) -> ServingEnvironment:
    """Choose, and build what is missing: our own Python for ONNX models, that of the entry script for a script.

    A script runs in its project's environment, extended by what the server needs. Of ours it sees this package alone,
    not what is installed beside it.

    Args:
        manifest: what is served.
        scripts: the environment that the script was written for: the project's, or that of the version's lock.
        folder: the project's folder.
        cache: where locks are kept.
        environ: the environment variables.

    Raises:
        UsageError: its Python is too old, or the server's needs do not fit it.
        RemoteError: a package cannot be fetched.
    """
    if all(model.kind != "script" for model in manifest.models):
        return ServingEnvironment(Path(sys.executable))
    collects = manifest.settings.collect is not None
    more = extended(
        scripts, server_requirements(collects=collects), "the scoring server", folder=folder, cache=cache,
        environ=environ,
    )  # fmt: skip
    python = more.lock().python
    if tuple(map(int, python.split(".")[:2])) < _OLDEST:
        hint = "train with Python 3.11 or newer, or convert the model to ONNX"
        raise UsageError(f"the entry script is for Python {python}, the server needs 3.11", hint=hint)
    return ServingEnvironment(more.executables() / "python", {"PYTHONPATH": str(_alone(environ))})


def _alone(environ: Mapping[str, str]) -> Path:
    """A folder with nothing in it but a link to this package."""
    package = Path(mlops_ci.__file__).parent
    folder = cache_folder(environ).absolute() / "server" / hexadecimal(digest_of_value(str(package)))[:16]
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / package.name
    with suppress(FileExistsError):  # it can only lead to the same place
        link.symlink_to(package)
    return folder
