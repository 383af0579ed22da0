"""What a report's charts are drawn from: the candidate's predictions, and those of the model it is compared with."""

from __future__ import annotations

from mlops_ci.errors import MlopsError
from mlops_ci.gate.changed_rows import changed_rows
from mlops_ci.gate.evidence import Evidence
from mlops_ci.lifecycle.evidence import recorded_evidence
from mlops_ci.lifecycle.examination import Trained
from mlops_ci.lifecycle.session import Session
from mlops_ci.metrics.answers import answers_of
from mlops_ci.project.graph import dependencies
from mlops_ci.project.project import reveals_gains_only
from mlops_ci.records.report_details import ReportDetails
from mlops_ci.registry.state import ModelState


def report_details(
    session: Session, state: ModelState, trained: Trained, *, version: int | None, compared_with: int | None
) -> ReportDetails:
    """The details of a journey's report; where a budget reveals only gains, nothing of the predictions.

    Args:
        session: the session.
        state: the registry's state at the end.
        trained: what the run has made, and what came of rescoring.
        version: the candidate's version, if it is registered.
        compared_with: the version it was compared with, if there is one.
    """
    needs = dependencies(session.project.steps)
    evidence = trained.evidence
    predictions = evidence.predictions
    if predictions is None:
        return ReportDetails(needs=needs)
    if reveals_gains_only(session.project.gate):
        return ReportDetails(needs=needs, notes=("only gains are revealed, so that nothing is drawn of the rows",))
    own, notes = answers_of(predictions), []
    if own.unusable:
        notes.append(f"{own.unusable:,} rows have no score or answer that is a number: no curve has them")
    champion, identity = None, _identity(session)
    if compared_with is not None and compared_with != version:
        champion, problem = _champion(session, state, compared_with, trained, identity)
        if problem:
            notes.append(problem)
    theirs = champion.predictions if champion and champion.predictions else None
    if theirs is not None and theirs.task != predictions.task:
        champion = theirs = None
    changed = None
    if champion is not None and theirs is not None:
        slices = {name: values for name, values in evidence.slices.items() if name != identity}
        ids = champion.slices.get(identity)
        changed = changed_rows(predictions.with_prediction(), theirs.with_prediction(), ids, slices)
    return ReportDetails(
        task=predictions.task,
        positive=predictions.classes[1] if predictions.task == "binary" else None,
        candidate=own,
        champion=answers_of(theirs) if theirs is not None else None,
        compared_with=f"v{compared_with}" if theirs is not None else None,
        changed=changed,
        needs=needs,
        notes=tuple(notes),
    )


def _identity(session: Session) -> str:
    """The column of the ids: the one that is named, or the usual one."""
    evaluation = session.project.evaluation
    named = evaluation.predictions.id if evaluation and evaluation.predictions else None
    return named or "id"


def _champion(
    session: Session, state: ModelState, number: int, trained: Trained, identity: str
) -> tuple[Evidence | None, str | None]:
    """What the version compared with has answered on the same rows; or None and, if something is wrong, what."""
    gate, evaluation = session.project.gate, session.project.evaluation
    version, evaluation_set = state.versions.get(number), trained.evidence.evaluation_set
    if gate is None or evaluation is None or version is None or session.unreadable:
        return None, None
    name = f"v{number}"
    try:
        found = recorded_evidence(
            session.store, state, version, name, evaluation, gate, evaluation_set,
            columns=(identity,), rescored=trained.rescored.get(number),
        )  # fmt: skip
    except MlopsError as error:  # the verdict stands, whatever can be drawn
        return None, error.what
    if found.evidence is None or found.evidence.evaluation_set != evaluation_set:
        return None, found.problem
    return found.evidence, None
