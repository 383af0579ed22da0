"""What the conversion of a run has left, read as what a stranger says: the step ran the user's code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from mlops_ci.errors import IntegrityError, MlopsError
from mlops_ci.lifecycle.conversion_check import require_sound
from mlops_ci.lifecycle.session import Session
from mlops_ci.pipeline.conversion import RECORD
from mlops_ci.pipeline.materials import Materials
from mlops_ci.project.onnx import FOLDER, STEP, model_to_convert
from mlops_ci.records.codec import decode_strictly, encode
from mlops_ci.records.conversion import CONVERSION_FORMAT, Conversion
from mlops_ci.records.files import FileRecord

_LARGEST = 1 << 20
_LONGEST = 400
_RERUN = "run the job again; nothing else waits for it"


def left_by(
    setbacks: Mapping[str, MlopsError], session: Session, materials: Materials, scratch: Path
) -> dict[str, FileRecord]:
    """What stands in for the outputs of a conversion that came to no end: a record that says so."""
    error = setbacks.get(STEP)
    if error is None:
        return {}
    file = scratch / "setback.json"
    file.write_bytes(encode(_unfinished(session, session.redact(error.line()))))
    return {RECORD: materials.take(RECORD, file)}


def conversion_of(
    session: Session, outputs: Mapping[str, FileRecord], materials: Materials, *, strict: bool
) -> Conversion | None:
    """What came of the conversion; None if none was asked for.

    Args:
        session: the session.
        outputs: what the steps have written.
        materials: its bytes.
        strict: whether a record that cannot be believed is an error, rather than a conversion that failed.

    Raises:
        IntegrityError: the record or its files are not what they should be, and ``strict`` is set.
    """
    record = outputs.get(RECORD)
    if session.project.onnx is None or (record is None and not strict):
        return None
    try:
        if record is None:
            raise IntegrityError("there is no record of the conversion", where=RECORD)
        if record.size > _LARGEST:
            raise IntegrityError("the record of the conversion is too large", where=RECORD)
        data = materials.path(record).read_bytes()
        found = decode_strictly(data, Conversion, where=RECORD)
        require_sound(found, RECORD)
        for form in found.forms:
            written = outputs.get(f"{FOLDER}/{form.file.path}")
            if written is None or (written.digest, written.size) != (form.file.digest, form.file.size):
                raise IntegrityError("an ONNX file is not what its record says", where=form.file.path)
    except IntegrityError as error:
        if strict:
            raise
        return _unfinished(session, session.redact(error.line()))
    # Whether int8 serves is for the gate to say.
    return replace(found, served="float32" if found.forms else None, int8=None, attempt=None)


def _unfinished(session: Session, why: str) -> Conversion:
    choice = session.project.onnx
    model = model_to_convert(choice, session.project.model.files) if choice else None
    reason = " ".join(f"the converter came to no end: {why}".split())[:_LONGEST]
    return Conversion(
        format=CONVERSION_FORMAT, source=PurePosixPath(model or "").name, kind="", reason=reason, hint=_RERUN
    )
