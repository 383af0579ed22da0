"""Which Python serves a package on this machine."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.model_package import environment_lock
from mlops_ci.packaging.dependencies import server_requirements
from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.environment import Environment, choose_environment
from mlops_ci.pipeline.extended import extended
from mlops_ci.pipeline.recorded import recorded_environment
from mlops_ci.project.project import EnvironmentChoice
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.serving import ServingManifest
from mlops_ci.workspace.store import Store

_OLDEST = (3, 11)


def python_for(
    version: ModelVersion,
    manifest: ServingManifest,
    choice: EnvironmentChoice,
    *,
    folder: Path,
    store: Store,
    environ: Mapping[str, str],
) -> Path:
    """The Python that serves a version: an entry script has the software of its training, by the lock of that.

    Raises:
        UsageError: as of :func:`serving_python`.
        RemoteError: a package cannot be fetched.
    """
    cache = StepCache(store, ("",), version.model)
    lock = environment_lock(store, version)
    known = recorded_environment(lock, folder, cache, environ) if lock else None
    scripts = known or choose_environment(choice, folder, cache, environ)
    return serving_python(manifest, scripts, folder=folder, cache=cache, environ=environ)


def serving_python(
    manifest: ServingManifest, scripts: Environment, *, folder: Path, cache: StepCache, environ: Mapping[str, str]
) -> Path:
    """Choose, and build what is missing: our own Python for ONNX models, that of the entry script for a script.

    A script runs in its project's environment, extended by what the server needs; this package comes by PYTHONPATH.

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
        return Path(sys.executable)
    collects = manifest.settings.collect is not None
    more = extended(
        scripts, server_requirements(collects=collects), "the scoring server", folder=folder, cache=cache,
        environ=environ,
    )  # fmt: skip
    python = more.lock().python
    if tuple(map(int, python.split(".")[:2])) < _OLDEST:
        hint = "train with Python 3.11 or newer, or convert the model to ONNX"
        raise UsageError(f"the entry script is for Python {python}, the server needs 3.11", hint=hint)
    return more.executables() / "python"
