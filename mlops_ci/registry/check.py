"""Verifies everything that the registry answers for."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mlops_ci.errors import IntegrityError
from mlops_ci.records.files import FileRecord
from mlops_ci.registry.check_hints import Finding, HintChecker
from mlops_ci.registry.download import fetch
from mlops_ci.registry.fold import fold
from mlops_ci.registry.hints import read_hint, require_vouched
from mlops_ci.registry.log_reader import LogReader
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.pins import require_length, require_pinned
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.layout import (
    CARD_PATH,
    EXPLANATION_PATH,
    conversion_key,
    log_key,
    log_prefix,
    log_sequence,
    model_file_key,
    objects_prefix,
    predictions_key,
    samples_key,
    upload_prefix,
)
from mlops_ci.workspace.store import Store


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """What was looked at in one model, what is wrong, and which objects belong to no version.

    ``findings`` are damage; ``hints`` are what does not say what the log says, which the next writer puts right, or
    which can be deleted. Orphans are the remains of uploads that never got their log entry, and of deleted versions;
    they do no harm. ``head`` is the digest of the newest entry.
    """

    model: str
    entries: int
    head: str | None
    versions: int
    objects: int
    size: int
    findings: tuple[Finding, ...]
    hints: tuple[Finding, ...] = ()
    orphans: tuple[str, ...] = field(default=())


def check_model(log: ModelLog, *, read_data: bool) -> ModelCheck:
    """Check a model's log (density, hash chain, every invariant of the fold), its hints, and the objects it names.

    Args:
        log: the log; its pin, if it has one, is held against it.
        read_data: read every byte of every object, rather than look at sizes only.
    """
    store, findings = log.store, []
    state, hint = ModelState(log.model), read_hint(store, log.model)
    hints = HintChecker(store, log.model, hint)
    try:
        reader = LogReader(store, log.model)
        numbers = _numbers(store, log.model)
        for key, entries in reader.raw(max(numbers, default=0)):
            numbers.discard(state.head + 1)
            for data in entries:
                require_pinned(log.pin, state.head + 1, data)
                fold(state, data, key)
                hints.saw(data)
            hints.saw_object(state)
        inside = "an entry of the log is inside a group of others"
        findings += [Finding(log_key(log.model, number), inside) for number in sorted(numbers)]
        require_length(log.pin, state.head)
        require_vouched(hint, state)
    except IntegrityError as error:
        findings.append(Finding(error.where or log.model, error.what))
    expected = dict(_objects(state))
    present = {item.key: item.size for item in store.list(objects_prefix(log.model))}
    findings += _read(store, expected) if read_data else _measured(expected, present)
    return ModelCheck(
        model=log.model,
        entries=state.head,
        head=state.head_digest,
        versions=len(state.versions),
        objects=len(expected),
        size=sum(file.size for file in expected.values()),
        findings=tuple(findings),
        hints=tuple(hints.findings(state)) if not findings else (),
        orphans=tuple(sorted(present.keys() - expected.keys())),
    )


def _numbers(store: Store, model: str) -> set[int]:
    """The numbers of the log's objects."""
    return {number for item in store.list(log_prefix(model)) if (number := log_sequence(item.key))}


def _measured(expected: dict[str, FileRecord], present: dict[str, int]) -> Iterator[Finding]:
    for key, file in expected.items():
        if key not in present:
            yield Finding(key, "an object of the workspace is missing")
        elif present[key] != file.size:
            yield Finding(key, f"an object of the workspace has {present[key]:,} bytes, not {file.size:,}")


def _read(store: Store, expected: dict[str, FileRecord]) -> Iterator[Finding]:
    with tempfile.TemporaryDirectory(prefix="mlops-ci-check-") as folder:
        copy = Path(folder) / "object"
        for key, file in expected.items():
            try:
                fetch(store, key, file, copy)
            except IntegrityError as error:
                yield Finding(key, error.what)
            copy.unlink(missing_ok=True)


def _objects(state: ModelState) -> Iterator[tuple[str, FileRecord]]:
    for version in state.versions.values():
        for file in version.files:
            yield model_file_key(state.model, version.attempt, file.path), file
        if version.samples:
            yield samples_key(state.model, version.attempt), version.samples
        if version.explanation:
            yield upload_prefix(state.model, version.explanation.attempt) + EXPLANATION_PATH, version.explanation.file
        if version.card and version.card.file and version.card.attempt:
            yield upload_prefix(state.model, version.card.attempt) + CARD_PATH, version.card.file
        conversion = version.conversion
        if conversion and conversion.attempt:
            for form in conversion.forms:
                yield conversion_key(state.model, conversion.attempt, form.file.path), form.file
        for evaluation in version.evaluations:
            if evaluation.predictions and evaluation.attempt:
                yield (
                    predictions_key(state.model, evaluation.attempt, evaluation.predictions.path),
                    evaluation.predictions,
                )
