"""Leaves a run for a job that publishes it: a manifest, and files by their content."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mlops_ci.edge.files import clone
from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.examination import Trained
from mlops_ci.lifecycle.session import Session
from mlops_ci.pipeline.custom_metrics import FOLDER
from mlops_ci.project.project import reveals_gains_only
from mlops_ci.records.bundle import BUNDLE_FORMAT, Bundle
from mlops_ci.records.codec import encode
from mlops_ci.records.digest import digest_of_bytes, hexadecimal

MANIFEST = "bundle.json"
OBJECTS = "objects"


def require_place(folder: Path) -> None:
    """Refuse a folder that a bundle cannot be written to, before anything is run.

    Raises:
        UsageError: there is something already, or nothing can be made there.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("there is something already", where=str(folder), hint="name a new or empty folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"no folder can be made: {error.strerror}", where=str(folder)) from error


def require_tellable(session: Session) -> None:
    """Refuse to leave for another job what nobody may read, before anything is run.

    Raises:
        UsageError: a rule asks a function, and the budget reveals only gains.
    """
    gate, evaluation = session.project.gate, session.project.evaluation
    if gate is None or evaluation is None or not reveals_gains_only(gate):
        return
    functions = {metric.function for metric in evaluation.custom}
    asked = next((rule for rule in gate.flat() if rule.metric in functions), None)
    if asked:
        raise UsageError(
            "what a function says would lie open in a bundle, and the budget reveals only gains",
            where=asked.text,
            hint="run ci in one job, or take the rule away",
        )


def write_bundle(session: Session, trained: Trained, folder: Path) -> str:
    """Write a bundle, its manifest last; return the manifest's digest and hand it to later jobs.

    Args:
        session: the session of the run.
        trained: the finished run, with all its files here.
        folder: a folder for which :func:`require_place` holds.

    What functions of the user have said stays here if the budget reveals only gains.
    """
    if reveals_gains_only(session.project.gate):
        kept = tuple(file for file in trained.files if not file.path.startswith(f"{FOLDER}/"))
        trained = replace(trained, files=kept)
    for file in (*trained.files, *(file for results in trained.seeds for file in results)):
        clone(trained.materials.path(file), folder / OBJECTS / hexadecimal(file.digest))
    head, model = session.checkout.head, session.project.model.name
    data = encode(Bundle(BUNDLE_FORMAT, model, head, trained.run, trained.files, trained.seeds))
    (folder / MANIFEST).write_bytes(data)
    digest = digest_of_bytes(data)
    session.host.outputs({"bundle-digest": digest})
    return digest
