"""Builds and keeps the report of a journey."""

from __future__ import annotations

from mlops_ci.lifecycle.changes import changes_since
from mlops_ci.lifecycle.examination import Trained
from mlops_ci.lifecycle.metric_history import metric_histories
from mlops_ci.lifecycle.report_details import report_details
from mlops_ci.lifecycle.session import Session
from mlops_ci.records.codec import encode
from mlops_ci.records.conversion import Conversion
from mlops_ci.records.report import REPORT_FORMAT, CiOutcome, Report
from mlops_ci.records.run import Run
from mlops_ci.records.verdict import Verdict
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.layout import report_key


def write_report(
    session: Session,
    state: ModelState,
    run: Run,
    trained: Trained,
    *,
    outcome: CiOutcome,
    summary: str,
    verdict: Verdict | None,
    version: int | None,
    compared_with: int | None,
    notes: tuple[str, ...] = (),
    conversion: Conversion | None = None,
) -> Report:
    """Build the report of a journey that has come to its end, and keep it with the run.

    Args:
        session: the session.
        state: the registry's state at the end.
        run: the run.
        trained: what it has made.
        outcome: what the journey came to.
        summary: why, in a sentence.
        verdict: the verdict, if there was one.
        version: the candidate's version, if it is registered.
        compared_with: the version it was compared with.
        notes: what a reviewer should know besides the session's own notes.
        conversion: what came of converting the model.
    """
    champion = state.aliases.get(session.project.gate.baseline) if session.project.gate else None
    changes = None
    if compared_with is not None and verdict is not None:
        changes = changes_since(session, state, state.versions[compared_with], run, verdict)
    histories = metric_histories(state, session.project.gate, run.metrics, version)
    report = Report(
        format=REPORT_FORMAT,
        model=session.project.model.name,
        outcome=outcome,
        event=session.context.event,
        run=run.id,
        commit=session.commit,
        dirty=session.dirty is not None,
        version=version,
        champion=champion.version if champion else None,
        summary=summary,
        verdict=verdict,
        steps=run.steps,
        seconds=round((session.clock() - session.started).total_seconds(), 3),
        metrics=run.metrics,
        changes=changes,
        notes=(*session.notes, *(verdict.notes if verdict else ()), *notes, *_asked_for(session, outcome)),
        url=session.context.url,
        merge=session.merge.sha if session.merge else None,
        history=next(iter(histories), None),
        histories=histories[1:],
        stages=_stages(session, state, version),
        conversion=conversion,
        explanation=run.explanation,
        host=session.context.host,
        details=report_details(session, state, trained, version=version, compared_with=compared_with),
    )
    session.store.create(report_key(run.id, session.area), encode(report))
    return report


def _stages(session: Session, state: ModelState, version: int | None) -> tuple[str, ...]:
    """What the model of this commit of the default branch has behind it; nothing if it is that of an earlier commit."""
    if not session.context.releases or version is None or state.versions[version].commit != session.commit.sha:
        return ()
    alias = session.project.gate.baseline if session.project.gate else None
    target = state.aliases.get(alias) if alias else None
    promoted = target is not None and target.version == version
    return (f"registered v{version}", *(["promoted"] if promoted else []))


def _asked_for(session: Session, outcome: CiOutcome) -> tuple[str, ...]:
    if not session.context.is_asked_for or outcome not in {"refused", "inconclusive"}:
        return ()
    return ("nobody pushed this: that the model is not promoted fails no job",)
