"""What the explanation of a run has left, read as what a stranger says: the step ran the user's code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mlops_ci.errors import IntegrityError, MlopsError
from mlops_ci.lifecycle.explanation_check import require_sound
from mlops_ci.lifecycle.session import Session
from mlops_ci.pipeline.explanation import RECORD, metric_of
from mlops_ci.pipeline.materials import Materials
from mlops_ci.project.explain import METRICS_OF, STEP
from mlops_ci.records.codec import decode_strictly, encode
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.files import FileRecord
from mlops_ci.records.model_explanation import ModelExplanation
from mlops_ci.registry.describe import record_explanation
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import Registered
from mlops_ci.registry.uploads import LocalFile
from mlops_ci.workspace.layout import EXPLANATION_PATH

_LARGEST = 4 << 20
_LONGEST = 400


def explanation_left_by(
    setbacks: Mapping[str, MlopsError], session: Session, materials: Materials, scratch: Path
) -> dict[str, FileRecord]:
    """What stands in for the outputs of an explanation that came to no end: a record that says so."""
    error = setbacks.get(STEP)
    if error is None:
        return {}
    file = scratch / "unexplained.json"
    file.write_bytes(encode(_unfinished(session, session.redact(error.line()))))
    return {RECORD: materials.take(RECORD, file)}


def explanation_in(
    session: Session, outputs: Mapping[str, FileRecord], materials: Materials, *, strict: bool
) -> ModelExplanation | None:
    """What came of the explanation; None if none was asked for.

    Args:
        session: the session.
        outputs: what the steps have written.
        materials: its bytes.
        strict: whether a record that cannot be believed is an error, rather than an explanation that failed.

    Raises:
        IntegrityError: the record is not what it should be, and ``strict`` is set.
    """
    record = outputs.get(RECORD)
    if not any(step.name == STEP and step.tool for step in session.project.steps) or (record is None and not strict):
        return None
    try:
        if record is None:
            raise IntegrityError("there is no record of the explanation", where=RECORD)
        if record.size > _LARGEST:
            raise IntegrityError("the record of the explanation is too large", where=RECORD)
        found = decode_strictly(materials.path(record).read_bytes(), ModelExplanation, where=RECORD)
        require_sound(found, RECORD)
    except IntegrityError as error:
        if strict:
            raise
        return _unfinished(session, session.redact(error.line()))
    return found


def as_file(found: ModelExplanation | None, scratch: Path) -> LocalFile | None:
    """An explanation as it is kept with a version; None if it explains nothing."""
    if found is None or not found.importances:
        return None
    data, file = encode(found), scratch / EXPLANATION_PATH
    file.write_bytes(data)
    return LocalFile(FileRecord(EXPLANATION_PATH, digest_of_bytes(data), len(data)), lambda: file)


def keep_explanation(log: ModelLog, registered: Registered, file: LocalFile | None) -> None:
    """Record the explanation of a registered version, unless it has one, or other bytes than were explained."""
    if file and not registered.differs and not registered.version.explanation:
        record_explanation(log, registered.version.version, file)


def _unfinished(session: Session, why: str) -> ModelExplanation:
    choice, evaluation = session.project.explain, session.project.evaluation
    task = evaluation.task if evaluation else None
    metric = metric_of(choice, task, session.project.gate) if choice and task in METRICS_OF and task else ""
    reason = " ".join(f"the explainer came to no end: {why}".split())[:_LONGEST]
    return ModelExplanation(metric, 0, choice.repeats if choice else 1, 0, (), reason=reason)
