"""Makes the folder that a scoring server serves, of a version in a workspace."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from mlops_ci.errors import ConflictError
from mlops_ci.packaging.package import Code, Part, plan_package
from mlops_ci.project.serve import ServeChoice
from mlops_ci.records.codec import decode
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.run import Run
from mlops_ci.records.serving import ServingManifest
from mlops_ci.registry.download import fetch, samples_of
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.references import parse_reference, resolve
from mlops_ci.workspace.layout import run_key
from mlops_ci.workspace.store import Store

ReadCode = Callable[[ModelVersion, tuple[str, ...]], Mapping[str, bytes]]
"""The files that paths of ``mlops.yaml`` mean, as of the commit of a version: see ``lifecycle/entry_code.py``."""


def make_package(
    version: ModelVersion,
    serve: ServeChoice,
    folder: Path,
    *,
    store: Store,
    log_of: Callable[[str], ModelLog],
    read_code: ReadCode,
) -> ServingManifest:
    """Write the model package of a version, every byte verified, whole or not at all.

    Args:
        version: the version that is behind ``/score``.
        serve: the section ``serve`` of ``mlops.yaml``.
        folder: is written; there must be nothing.
        store: the workspace.
        log_of: opens the log of a further model of it.
        read_code: finds entry script and assets.

    Raises:
        UsageError: it cannot be served so.
        ConflictError: there is something at ``folder`` already.
        IntegrityError: the workspace holds other bytes than were registered.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError("there is something already", where=str(folder), hint="name an empty folder")
    parts = [Part(version.model, version, samples_of(store, version))]
    for name, text in serve.models.items():
        reference = parse_reference(text)
        other = resolve(log_of(reference.model).read(), reference.selector)
        parts.append(Part(name, other, samples_of(store, other)))
    package = plan_package(parts, serve, _code(store, version, serve, read_code))
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    try:
        for file in package.stored:
            target = partial / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            fetch(store, file.key, file.record, target)
        for path, data in package.written.items():
            target = partial / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return package.manifest


def environment_lock(store: Store, version: ModelVersion) -> EnvironmentLock | None:
    """The lock, with hashes, of the software that a version was trained with; None where none is known."""
    if version.run is None or (data := store.get(run_key(version.run))) is None:
        return None
    environment = decode(data, Run, where=run_key(version.run)).environment
    return environment if environment.kind in {"pip", "conda"} else None


def _code(store: Store, version: ModelVersion, serve: ServeChoice, read_code: ReadCode) -> Code | None:
    if serve.script is None:
        return None
    files = read_code(version, (serve.script, *serve.assets))
    lock = environment_lock(store, version)
    return Code(serve.script, files, lock.text if lock else None)
