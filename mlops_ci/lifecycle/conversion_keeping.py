"""Judges the quantised form of a model, and keeps what came of the conversion in the model's log."""

from __future__ import annotations

from dataclasses import replace

from mlops_ci.lifecycle.conversion_gate import judge_int8
from mlops_ci.lifecycle.examination import Trained
from mlops_ci.lifecycle.session import Session
from mlops_ci.project.onnx import FOLDER
from mlops_ci.records.conversion import Conversion
from mlops_ci.records.files import FileRecord
from mlops_ci.registry.convert import converted_before, record_conversion
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import Registered
from mlops_ci.registry.uploads import LocalFile


def judged_conversion(session: Session, log: ModelLog, trained: Trained) -> Conversion | None:
    """The conversion of a run, with the gate's word on its int8 form; None if none was asked for."""
    found = trained.conversion
    form = next((form for form in found.forms if form.precision == "int8"), None) if found else None
    if found is None or form is None:
        return found
    passes, why = judge_int8(session, log, trained, form.file.digest)
    return replace(found, served="int8" if passes else found.served, int8=why)


def keep_conversion(session: Session, log: ModelLog, registered: Registered, trained: Trained) -> Conversion | None:
    """Record the conversion of a registered version, and return the one that stands.

    What was decided of the same files before stays decided: the champion may be this version by now.
    """
    found, version = trained.conversion, registered.version
    if found is None or registered.differs:
        return version.conversion
    if version.conversion and converted_before(version.conversion, found):
        return version.conversion
    judged = judged_conversion(session, log, trained) or found
    files = {form.file.path: _local(trained, form.file) for form in judged.forms}
    return record_conversion(log, version.version, judged, files)


def _local(trained: Trained, file: FileRecord) -> LocalFile:
    return LocalFile(file, trained.local(replace(file, path=f"{FOLDER}/{file.path}")).source)
