"""Verifies every byte that the registry answers for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlops_ci.errors import IntegrityError
from mlops_ci.records.files import FileRecord
from mlops_ci.registry.download import fetch
from mlops_ci.registry.fold import ModelState
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.workspace.layout import model_file_key, objects_prefix, predictions_key


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a key."""

    key: str
    what: str


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """What was looked at in one model, what is wrong, and which objects belong to no version.

    Orphans are the remains of uploads that never got their log entry; they do no harm. ``head`` is the digest of the
    newest entry: a log that was cut short at its end is whole in itself, and shows only against a head noted before.
    """

    model: str
    entries: int
    head: str | None
    versions: int
    objects: int
    size: int
    findings: tuple[Finding, ...]
    orphans: tuple[str, ...]


def check_model(log: ModelLog) -> ModelCheck:
    """Check a model's log (density, hash chain, every invariant of the fold) and each object it names."""
    findings: list[Finding] = []
    try:
        state = log.read()
    except IntegrityError as error:
        findings.append(Finding(error.where or log.model, error.what))
        state = log.folded
    expected = dict(_objects(state))
    present = {item.key for item in log.store.list(objects_prefix(log.model))}
    with tempfile.TemporaryDirectory(prefix="mlops-ci-check-") as folder:
        copy = Path(folder) / "object"
        for key, file in expected.items():
            try:
                fetch(log.store, key, file, copy)
            except IntegrityError as error:
                findings.append(Finding(key, error.what))
            copy.unlink(missing_ok=True)
    return ModelCheck(
        model=log.model,
        entries=state.head,
        head=state.head_digest,
        versions=len(state.versions),
        objects=len(expected),
        size=sum(file.size for file in expected.values()),
        findings=tuple(findings),
        orphans=tuple(sorted(present - expected.keys())),
    )


def _objects(state: ModelState) -> Iterator[tuple[str, FileRecord]]:
    for version in state.versions.values():
        for file in version.files:
            yield model_file_key(state.model, version.attempt, file.path), file
        for evaluation in version.evaluations:
            if evaluation.predictions and evaluation.attempt:
                yield (
                    predictions_key(state.model, evaluation.attempt, evaluation.predictions.path),
                    evaluation.predictions,
                )
