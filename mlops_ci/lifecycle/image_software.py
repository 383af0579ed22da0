"""The lock of the software in an image."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.model_package import environment_lock
from mlops_ci.packaging.dependencies import server_lock, server_requirements
from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.environment import RecordedEnvironment
from mlops_ci.pipeline.extended import extended
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.serving import ServingManifest
from mlops_ci.workspace.store import Store


def software(
    version: ModelVersion,
    package: ServingManifest,
    python: str,
    *,
    folder: Path,
    store: Store,
    environ: Mapping[str, str],
) -> str:
    """The lock: that of the server alone for ONNX models; that of the training and the server for an entry script.

    Raises:
        UsageError: the software of the training is not known with hashes, or is for another Python.
    """
    collects = package.settings.collect is not None
    if all(model.kind != "script" for model in package.models):
        return server_lock(collects=collects)
    trained_with = environment_lock(store, version)
    if trained_with is None:
        hint = (
            "name it in mlops.yaml, environment: {pip: requirements.txt}, and train again; or image: {dockerfile: ...}"
        )
        raise UsageError("the software of the entry script is not locked", where=_name(version), hint=hint)
    if trained_with.python != python:
        what = f"the model was trained with Python {trained_with.python}, and the base has {python}"
        hint = f"choose a base with Python {trained_with.python}: see image.base in mlops.yaml"
        raise UsageError(what, where=_name(version), hint=hint)
    cache = StepCache(store, ("",), version.model)
    environment = RecordedEnvironment(trained_with, folder, cache, environ)
    more = extended(
        environment, server_requirements(collects=collects), "the scoring server", folder=folder, cache=cache,
        environ=environ,
    )  # fmt: skip
    return more.lock().text


def _name(version: ModelVersion) -> str:
    return f"{version.model} v{version.version}"
