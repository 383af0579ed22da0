"""Fetches what the registry holds; every byte is checked against the log."""

from __future__ import annotations

import uuid
from pathlib import Path

from mlops_ci.edge.files import digest_of_file
from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.errors import ConflictError, IntegrityError
from mlops_ci.records.codec import decode
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.files import FileRecord
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.samples import SAMPLES_FORMAT, Samples
from mlops_ci.workspace.format import require_whole
from mlops_ci.workspace.layout import model_file_key, predictions_key, samples_key
from mlops_ci.workspace.store import Store


def download_version(store: Store, version: ModelVersion, folder: Path) -> list[Path]:
    """Write the files of a version below a folder, each complete and verified or not at all.

    Raises:
        ConflictError: another file is in the way.
        IntegrityError: the workspace holds other bytes than were registered.
    """
    for file in version.files:
        target = folder / file.path
        if target.exists() and digest_of_file(target) != file.digest:
            raise ConflictError("another file is in the way", where=str(target), hint="choose another folder")
    paths = []
    for file in version.files:
        target = folder / file.path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            fetch(store, model_file_key(version.model, version.attempt, file.path), file, target)
        paths.append(target)
    return paths


def fetch_predictions(store: Store, model: str, evaluation: Evaluation, target: Path) -> Path | None:
    """Fetch the predictions of an evaluation; None if it has none."""
    if not evaluation.predictions or not evaluation.attempt:
        return None
    key = predictions_key(model, evaluation.attempt, evaluation.predictions.path)
    fetch(store, key, evaluation.predictions, target)
    return target


def samples_of(store: Store, version: ModelVersion) -> Samples | None:
    """The samples that were registered with a version; None if there are none.

    Raises:
        IntegrityError: they are missing, have other bytes, or are none that this mlops-ci can read.
    """
    if version.samples is None:
        return None
    key = samples_key(version.model, version.attempt)
    with scratch_folder() as scratch:
        target = scratch / "samples.json"
        fetch(store, key, version.samples, target)
        samples = decode(target.read_bytes(), Samples, where=key)
    if samples.format != SAMPLES_FORMAT:
        raise IntegrityError(f"samples of format {samples.format} are unknown", where=key, hint="upgrade mlops-ci")
    return samples


def fetch(store: Store, key: str, expected: FileRecord, target: Path) -> None:
    """Download an object to ``target``, which appears only when it is complete and right.

    Raises:
        IntegrityError: the object is missing or has other bytes.
    """
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        written = store.download(key, partial)
        if written is None:
            require_whole(store, thorough=True)  # it may be elsewhere
            raise IntegrityError("an object of the workspace is missing", where=key, hint="restore it from a backup")
        if (written.digest, written.size) != (expected.digest, expected.size):
            raise IntegrityError(
                f"an object of the workspace has other bytes than were registered: {written.digest}, "
                f"not {expected.digest}",
                where=key,
                hint="do not use it; restore it from a backup",
            )
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
