"""A pull request, or any run that must not touch the registry: run, judge, report."""

from __future__ import annotations

from dataclasses import replace

from mlops_ci.gate.judge import rules_digest
from mlops_ci.lifecycle.conversion_keeping import judged_conversion
from mlops_ci.lifecycle.evaluation_code import evaluation_changes
from mlops_ci.lifecycle.examination import Trained
from mlops_ci.lifecycle.execution import keep_run
from mlops_ci.lifecycle.judging import JUDGED_BEFORE, Judgeable, basis_of, judge_candidate, outcome_of
from mlops_ci.lifecycle.reporting import write_report
from mlops_ci.lifecycle.session import Session
from mlops_ci.records.model_version import model_digest
from mlops_ci.records.report import Report
from mlops_ci.records.verdict import Side
from mlops_ci.registry.judge import judged_before


def judge_only(session: Session, trained: Trained, *, again: bool = False) -> Report:
    """Judge a candidate and report; of the registry only the evaluation set's budget is touched.

    Args:
        session: the session.
        trained: the finished run.
        again: judge even what was judged before, or is the champion itself.
    """
    run, project = trained.run, session.project
    log = session.log()
    state = log.read()
    notes = (*evaluation_changes(session), *_dirty_note(session))
    known = state.with_fingerprint(run.fingerprint or "")
    champion = state.alias(project.gate.baseline) if project.gate else None
    if known and project.gate and not again:
        basis = basis_of(session, state, run.evaluation, trained.rescored)
        before = judged_before(state, known.version, rules_digest=rules_digest(project.gate), basis=basis)
        if champion == known or before:
            keep_run(session, trained, run)
            why = f"the {project.gate.baseline}."
            if before and champion != known:
                why = f"{JUDGED_BEFORE[before.outcome]} before: {before.summary}"
            return write_report(
                session,
                state,
                run,
                trained,
                outcome="unchanged",
                summary=f"This is the model of v{known.version}, {why}",
                verdict=None,
                version=known.version,
                compared_with=champion.version if champion else None,
                notes=notes,
                conversion=known.conversion or trained.conversion,
            )
    conversion = judged_conversion(session, log, trained)
    side = Side(digest=model_digest(run.model), commit=session.commit.sha, version=known.version if known else None)
    judgeable = Judgeable(run.evaluation, trained.evidence, trained.measured, trained.rescored)
    verdict = judge_candidate(session, log, side, judgeable) if project.gate else None
    keep_run(session, trained, replace(run, verdict=verdict))
    return write_report(
        session,
        state,
        run,
        trained,
        outcome=outcome_of(verdict.outcome) if verdict else "passed",
        summary=verdict.summary if verdict else "The project has no gate: there is nothing to judge by.",
        verdict=verdict,
        version=known.version if known else None,
        compared_with=champion.version if champion else None,
        notes=notes,
        conversion=conversion,
    )


def _dirty_note(session: Session) -> tuple[str, ...]:
    if session.dirty is None:
        return ()
    changed = ", ".join(f"`{path}`" for path in session.dirty.paths[:5])
    return (f"the working tree differs from the commit ({changed}): reported, never registered",)
