"""The lock of the software in an image."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.model_package import environment_lock
from mlops_ci.packaging.base import Base
from mlops_ci.packaging.dependencies import server_lock, server_requirements
from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.environment import this_platform
from mlops_ci.pipeline.extended import extended
from mlops_ci.pipeline.recorded import recorded_environment
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.serving import ServingManifest
from mlops_ci.workspace.store import Store


def software(
    version: ModelVersion,
    package: ServingManifest,
    base: Base,
    *,
    wanted: str | None,
    folder: Path,
    store: Store,
    environ: Mapping[str, str],
) -> EnvironmentLock:
    """The lock: that of the server alone for ONNX models; that of the training and the server for an entry script.

    Args:
        version: the version.
        package: what is served of it.
        base: what the image stands on.
        wanted: the Python of the base as ``mlops.yaml`` says it, if it does.
        folder: of the project.
        store: the workspace.
        environ: the environment variables, which say what index to ask.

    Raises:
        UsageError: the software of the training is not known with hashes, or is for another Python.
    """
    collects = package.settings.collect is not None
    if all(model.kind != "script" for model in package.models):
        return _locked(server_lock(collects=collects), base.python(wanted))
    trained_with = environment_lock(store, version)
    if trained_with is None:
        hint = (
            "name it in mlops.yaml, environment: {pip: requirements.txt}, and train again; or image: {dockerfile: ...}"
        )
        raise UsageError("the software of the entry script is not locked", where=_name(version), hint=hint)
    # What comes from conda brings its own Python.
    if trained_with.kind == "pip" and trained_with.python != (python := base.python(wanted)):
        what = f"the model was trained with Python {trained_with.python}, and the base has {python}"
        hint = f"choose a base with Python {trained_with.python}: see image.base in mlops.yaml"
        raise UsageError(what, where=_name(version), hint=hint)
    cache = StepCache(store, ("",), version.model)
    environment = recorded_environment(trained_with, folder, cache, environ)
    more = extended(
        environment, server_requirements(collects=collects), "the scoring server", folder=folder, cache=cache,
        environ=environ,
    )  # fmt: skip
    return more.lock()


def _locked(text: str, python: str) -> EnvironmentLock:
    return EnvironmentLock("pip", python, this_platform(), digest_of_bytes(text.encode()), text)


def _name(version: ModelVersion) -> str:
    return f"{version.model} v{version.version}"
