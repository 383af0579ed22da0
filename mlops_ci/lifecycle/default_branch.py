"""The default branch: run, register, judge, promote."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_ci.errors import ConflictError
from mlops_ci.gate.evidence import Evidence
from mlops_ci.gate.judge import rules_digest
from mlops_ci.lifecycle.evidence import recorded_evidence
from mlops_ci.lifecycle.execution import Trained, write_run
from mlops_ci.lifecycle.judging import judge_candidate, outcome_of
from mlops_ci.lifecycle.reporting import write_report
from mlops_ci.lifecycle.session import Session
from mlops_ci.records.entry import VerdictReference
from mlops_ci.records.model_version import Judgement, model_digest
from mlops_ci.records.report import CiOutcome, Report
from mlops_ci.records.verdict import Side, Verdict
from mlops_ci.registry.fold import ModelState
from mlops_ci.registry.judge import judged_before, record_verdict
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.promote import BaselineMovedError, Promotion, is_superseded, promote_judged
from mlops_ci.registry.register import Registered, Registration, register, upload_evaluation

_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class _Ending:
    """How it ended, and why."""

    outcome: CiOutcome
    summary: str
    verdict: Verdict | None = None
    compared_with: int | None = None


def register_and_promote(session: Session, trained: Trained) -> Report:
    """Register the trained model whatever the gate says of it, and promote it if the gate lets it pass.

    Every part is idempotent: after a crash anywhere, the same journey again comes to the same end.
    """
    log, run = session.log(), trained.run
    write_run(session, run)
    registered = register(log, _registration(trained))
    ending = _settle(session, log, registered, trained)
    notes: tuple[str, ...] = ()
    if registered.differs:
        notes = (f"trained again to other bytes than v{registered.version.version}, which stands",)
    return write_report(
        session,
        log.read(),
        run,
        outcome=ending.outcome,
        summary=ending.summary,
        verdict=ending.verdict,
        version=registered.version.version,
        compared_with=ending.compared_with,
        notes=notes,
    )


def _registration(trained: Trained) -> Registration:
    run = trained.run
    predictions = run.evaluation.predictions if run.evaluation else None
    return Registration(
        commit=run.commit.sha,
        fingerprint=run.fingerprint or model_digest(run.model),
        files=tuple(trained.local(file) for file in run.model),
        metrics=run.metrics,
        params=run.params,
        datasets={name: dataset.digest for name, dataset in run.datasets.items()},
        data_time=run.started,
        environment=run.environment.digest,
        run=run.id,
        source=run.commit,
        signature=run.signature,
        evaluation=run.evaluation,
        predictions=trained.local(predictions) if predictions else None,
    )


def _settle(session: Session, log: ModelLog, registered: Registered, trained: Trained) -> _Ending:
    """Judge and promote, again from the start whenever somebody else moves the champion meanwhile."""
    number, gate = registered.version.version, session.project.gate
    if gate is None:
        return _Ending("passed", f"Registered as v{number}; without gate rules nothing is promoted.")
    for _ in range(_ROUNDS):
        state = log.read()
        champion = state.alias(gate.baseline)
        expect = champion.version if champion else None
        if expect == number:
            return _Ending("unchanged", f"This is the model of v{number}, the {gate.baseline}.", compared_with=expect)
        if is_superseded(state, gate.baseline, number, session.commit.sha, session.checkout.is_ancestor):
            why = f"A later commit has made v{expect} the {gate.baseline} already."
            return _Ending("superseded", why, compared_with=expect)
        judgement = judged_before(
            state,
            number,
            evaluation_set=trained.evidence.evaluation_set,
            rules_digest=rules_digest(gate),
            baseline=champion.digest if champion else None,
        )
        if judgement is None:
            judgement = _judge(session, log, registered, trained)
        verdict = log.read().verdicts[judgement.seq]
        if judgement.outcome != "pass":
            # The same job again gives the same answer; another commit with the same model is no news.
            if state.versions[number].commit != session.commit.sha:
                why = f"This is the model of v{number}, judged before: {judgement.summary}"
                return _Ending("unchanged", why, compared_with=expect)
            return _Ending(outcome_of(judgement.outcome), judgement.summary, verdict, expect)
        promotion = Promotion(
            alias=gate.baseline,
            version=number,
            commit=session.commit.sha,
            expect=expect,
            verdict=VerdictReference(judgement.seq, verdict.candidate.digest or "", judgement.outcome),
        )
        try:
            promote_judged(log, promotion, is_ancestor=session.checkout.is_ancestor)
        except BaselineMovedError:
            continue
        return _Ending("promoted", judgement.summary, verdict, expect)
    raise ConflictError(
        f"{gate.baseline} kept moving while v{number} was judged", where=log.model, hint="run the command again"
    )


def _judge(session: Session, log: ModelLog, registered: Registered, trained: Trained) -> Judgement:
    """Judge the registered version and put the verdict into its log."""
    state, number = log.read(), registered.version.version
    version = state.versions[number]
    evidence = _evidence_of(session, state, registered, trained)
    side = Side(digest=version.digest, version=number, commit=session.commit.sha)
    verdict = judge_candidate(session, state, side, evidence)
    evaluation = None
    if trained.run.evaluation and state.evaluation_on(number, evidence.evaluation_set) is None:
        predictions = trained.run.evaluation.predictions
        evaluation = upload_evaluation(log, trained.run.evaluation, trained.local(predictions) if predictions else None)
    seq = record_verdict(log, number, verdict, evaluation)
    return next(judgement for judgement in log.read().versions[number].judgements if judgement.seq == seq)


def _evidence_of(session: Session, state: ModelState, registered: Registered, trained: Trained) -> Evidence:
    """What is known of the registered bytes, which are others than ours if training is not reproducible."""
    evaluation, gate = session.project.evaluation, session.project.gate
    if not registered.differs or evaluation is None or gate is None:
        return trained.evidence
    version = registered.version
    wanted = trained.evidence.evaluation_set
    recorded = recorded_evidence(session.store, state, version, f"v{version.version}", evaluation, gate, wanted)
    if recorded.evidence is None or state.evaluation_on(version.version, wanted) is None:
        raise ConflictError(
            f"v{version.version} stands for this commit with other bytes, and was never evaluated on today's data",
            where=state.model,
            hint="restore the cache that made it, or commit a change",
        )
    return recorded.evidence
