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
from mlops_ci.lifecycle.model_package import environment_lock
from mlops_ci.packaging.dependencies import server_requirements
from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.environment import Environment, InterpreterEnvironment
from mlops_ci.pipeline.extended import extended
from mlops_ci.pipeline.recorded import recorded_environment
from mlops_ci.records.digest import digest_of_value, hexadecimal
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.serving import ServingManifest
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.store import Store

_OLDEST = (3, 11)


@dataclass(frozen=True, slots=True)
class ServingEnvironment:
    """An interpreter, and the variables that it needs beside those of the machine."""

    python: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        """Whether it is the Python that runs this, as it is."""
        return str(self.python) == sys.executable and not self.variables


def environment_of_version(
    manifest: ServingManifest, version: ModelVersion, *, folder: Path, store: Store, environ: Mapping[str, str]
) -> ServingEnvironment:
    """The environment for a package of a version; a script's is that of the run that made the version.

    Args:
        manifest: what is served.
        version: of which the package was made.
        folder: the project's folder.
        store: the workspace; it is only read.
        environ: the environment variables.

    Raises:
        UsageError: as of :func:`serving_environment`.
        RemoteError: a package cannot be fetched.
    """
    cache = StepCache(LocalStore(_server_folder(environ) / "locks"), ("",), version.model)
    lock = environment_lock(store, version)
    known = recorded_environment(lock, folder, cache, environ) if lock else InterpreterEnvironment(environ)
    return serving_environment(manifest, known, folder=folder, cache=cache, environ=environ)


def serving_environment(
    manifest: ServingManifest, scripts: Environment, *, folder: Path, cache: StepCache, environ: Mapping[str, str]
) -> ServingEnvironment:
    """Choose, and build what is missing: our own Python for ONNX models, that of the entry script for a script.

    A script runs in its project's environment, extended by what the server needs. Of ours it sees this package alone,
    not what is installed beside it.

    Args:
        manifest: what is served.
        scripts: the environment that the script was written for.
        folder: the project's folder.
        cache: where locks are kept.
        environ: the environment variables.

    Raises:
        UsageError: its Python is too old, or the server's needs do not fit it.
        RemoteError: a package cannot be fetched.
    """
    if all(model.kind != "script" for model in manifest.models):
        return ServingEnvironment(Path(sys.executable))
    python = scripts.lock().python
    if tuple(map(int, python.split(".")[:2])) < _OLDEST:
        hint = "train with Python 3.11 or newer, or convert the model to ONNX"
        raise UsageError(f"the entry script is for Python {python}, the server needs 3.11", hint=hint)
    collects = manifest.settings.collect is not None
    more = extended(
        scripts, server_requirements(collects=collects), "the scoring server", folder=folder, cache=cache,
        environ=environ,
    )  # fmt: skip
    more.lock()  # an interpreter has to have what is needed
    return ServingEnvironment(_python_in(more.executables()), {"PYTHONPATH": str(_alone(environ))})


def _python_in(folder: Path) -> Path:
    """A machine's own Python may be there as ``python3`` alone."""
    return next((found for name in ("python", "python3") if (found := folder / name).exists()), folder / "python")


def _server_folder(environ: Mapping[str, str]) -> Path:
    return cache_folder(environ).absolute() / "server"


def _alone(environ: Mapping[str, str]) -> Path:
    """A folder with nothing in it but a link to this package."""
    package = Path(mlops_ci.__file__).parent
    folder = _server_folder(environ) / hexadecimal(digest_of_value(str(package)))[:16]
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / package.name
    with suppress(FileExistsError):  # it can only lead to the same place
        link.symlink_to(package)
    return folder
