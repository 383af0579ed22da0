"""Keeps an alias of an MLflow server at the same files as one of ours."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.errors import UsageError
from mlops_ci.exchange.mlflow_mirror import MlflowMirror
from mlops_ci.project.names import is_alias
from mlops_ci.registry.download import download_version
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.references import Reference, resolve


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What the alias names now: ``version`` here, ``mirror`` in MLflow. ``created`` and ``moved`` say what was done."""

    model: str
    alias: str
    version: int
    name: str
    mirror: str
    created: bool
    moved: bool


def mirror_alias(log: ModelLog, reference: Reference, mirror: MlflowMirror, *, name: str) -> Mirrored:
    """Mirror the version that an alias names, and the alias. Where all is right already, nothing is written.

    Args:
        log: the log of the model.
        reference: the alias.
        mirror: the server.
        name: what the model is called there.

    Raises:
        UsageError: the reference is no alias, or MLflow cannot keep what it names.
    """
    if not is_alias(reference.selector):
        raise UsageError("only an alias can be mirrored", where=str(reference), hint="such as MODEL@champion")
    while True:
        version = resolve(log.read(), reference.selector)
        mirror.require_possible(version, reference.selector)
        number = mirror.find(name, version)
        created = number is None
        if number is None:
            with scratch_folder() as scratch:
                download_version(log.store, version, scratch / "files")
                number = mirror.create(name, version, scratch / "files")
        mirror.wait(name, number)
        # The alias may have moved on during a long upload: its new version must not lose to our late one.
        if resolve(log.read(), reference.selector).version == version.version:
            moved = mirror.point(name, reference.selector, number)
            return Mirrored(log.model, reference.selector, version.version, name, number, created, moved)
