"""Registers versions: idempotent by (model, commit, fingerprint)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from mlops_ci.errors import ConflictError, IntegrityError
from mlops_ci.records.commit import Commit
from mlops_ci.records.entry import Body, Link, Register
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.model_version import ModelVersion, model_digest
from mlops_ci.records.signature import Signature
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.state import ModelState
from mlops_ci.registry.uploads import LocalFile
from mlops_ci.workspace.layout import SAMPLES_PATH, file_path, predictions_path


@dataclass(frozen=True, slots=True)
class Registration:
    """A version to register. ``predictions`` are the bytes of ``evaluation.predictions``, ``samples`` a ``Samples``."""

    commit: str | None
    fingerprint: str
    files: tuple[LocalFile, ...]
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float | None] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    datasets: dict[str, str] = field(default_factory=dict)
    data_time: str | None = None
    environment: str | None = None
    run: str | None = None
    source: Commit | None = None
    signature: Signature | None = None
    evaluation: Evaluation | None = None
    predictions: LocalFile | None = None
    samples: LocalFile | None = None

    @property
    def digest(self) -> str:
        """The digest of the model's files."""
        return model_digest(tuple(file.record for file in self.files))


@dataclass(frozen=True, slots=True)
class Registered:
    """The version that now stands for the key: new, linked to the commit, or there before."""

    version: ModelVersion
    how: Literal["created", "linked", "existing"]
    differs: bool
    """Whether the bytes offered are others than those registered under this fingerprint before."""


def register(log: ModelLog, request: Registration, *, on_existing: Literal["keep", "error"] = "keep") -> Registered:
    """Register a version, or find that it is registered already.

    Raises:
        ConflictError: the key exists with another digest and ``on_existing`` is ``error``.
        IntegrityError: what arrived in the workspace is not what was sent.
    """
    how: Literal["created", "linked", "existing"] = "existing"

    def decide(state: ModelState) -> Body | None:
        nonlocal how
        how = "existing"
        if found := state.with_key(request.commit, request.fingerprint):
            _refuse_if_asked(found, request, on_existing)
            return None
        if found := state.with_fingerprint(request.fingerprint):
            _refuse_if_asked(found, request, on_existing)
            if request.commit is None:
                return None
            how = "linked"
            return Link(version=found.version, commit=request.commit, source=request.source)
        state.require_writable()  # before gigabytes are on their way
        how = "created"
        return _uploaded(log, state, request)

    state = log.append(decide)
    version = state.with_fingerprint(request.fingerprint)
    if version is None:
        raise IntegrityError("the version just registered is not in the log", where=log.model)
    return Registered(version, how, differs=version.digest != request.digest)


def _uploaded(log: ModelLog, state: ModelState, request: Registration) -> Register:
    files = {file_path(file.record.path): file for file in request.files}
    evaluation = request.evaluation
    if request.predictions:
        files[predictions_path(request.predictions.record.path)] = request.predictions
    if request.samples:
        files[SAMPLES_PATH] = request.samples
    owner = ["version", request.commit, request.fingerprint]
    attempt = log.uploads.send(owner, files, condemned=state.condemned)
    if evaluation and request.predictions:
        evaluation = replace(evaluation, attempt=attempt)
    return Register(
        version=state.next_version,
        commit=request.commit,
        fingerprint=request.fingerprint,
        digest=request.digest,
        attempt=attempt,
        files=tuple(file.record for file in request.files),
        tags=request.tags,
        metrics=request.metrics,
        params=request.params,
        datasets=request.datasets,
        data_time=request.data_time,
        environment=request.environment,
        run=request.run,
        source=request.source,
        signature=request.signature,
        evaluation=evaluation,
        samples=request.samples.record if request.samples else None,
    )


def _refuse_if_asked(found: ModelVersion, request: Registration, on_existing: Literal["keep", "error"]) -> None:
    if on_existing == "error" and found.digest != request.digest:
        raise ConflictError(
            f"v{found.version} was registered with other bytes under the same commit and fingerprint",
            where=found.model,
            hint="use --on-existing keep to go on with it",
        )
