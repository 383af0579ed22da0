"""The default branch: run, register, judge, promote."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_ci.errors import ConflictError, MlopsError
from mlops_ci.gate.judge import rules_digest
from mlops_ci.lifecycle.card_text import keep_card
from mlops_ci.lifecycle.conversion_keeping import keep_conversion
from mlops_ci.lifecycle.datasets import keep_datasets
from mlops_ci.lifecycle.evidence import recorded_evidence
from mlops_ci.lifecycle.examination import Trained
from mlops_ci.lifecycle.execution import keep_run
from mlops_ci.lifecycle.explanations import keep_explanation
from mlops_ci.lifecycle.judging import JUDGED_BEFORE, Judgeable, basis_of, gate_of, judge_candidate, outcome_of
from mlops_ci.lifecycle.reporting import write_report
from mlops_ci.lifecycle.rescored import keep_rescored
from mlops_ci.lifecycle.session import Session
from mlops_ci.records.entry import VerdictReference
from mlops_ci.records.model_version import Judgement, model_digest
from mlops_ci.records.report import CiOutcome, Report
from mlops_ci.records.verdict import Side, Verdict
from mlops_ci.registry.judge import judged_before, record_evaluation, record_verdict, recorded_verdict
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.override import overridden
from mlops_ci.registry.promote import BaselineMovedError, Promotion, is_superseded, promote_judged
from mlops_ci.registry.register import Registered, Registration, register
from mlops_ci.registry.state import ModelState

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
    log = session.log()
    keep_datasets(session, trained.run)
    ended = log.together(lambda: _settled(session, log, trained))
    if isinstance(ended, MlopsError):
        raise ended
    return ended


def _settled(session: Session, log: ModelLog, trained: Trained) -> Report | MlopsError:
    """What the journey came to; an error that leaves the version registered is returned, so that it stays so."""
    run = trained.run
    keep_run(session, trained, run)
    registered = register(log, _registration(trained))
    conversion = keep_conversion(session, log, registered, trained)
    keep_explanation(log, registered, trained.explanation)
    keep_card(session.project, session.snapshot, log, registered)
    try:
        ending = _settle(session, log, registered, trained)
    except MlopsError as error:
        return error
    notes: tuple[str, ...] = ()
    if registered.differs:
        notes = (f"trained again to other bytes than v{registered.version.version}, which stands",)
    log.settle()  # the report names entries
    return write_report(
        session,
        log.read(),
        run,
        trained,
        outcome=ending.outcome,
        summary=ending.summary,
        verdict=ending.verdict,
        version=registered.version.version,
        compared_with=ending.compared_with,
        notes=notes,
        conversion=conversion,
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
        samples=trained.samples,
    )


def _settle(session: Session, log: ModelLog, registered: Registered, trained: Trained) -> _Ending:
    """Judge and promote, again from the start whenever somebody else moves the champion meanwhile."""
    number = registered.version.version
    if session.project.gate is None:
        return _Ending("passed", f"Registered as v{number}; without gate rules nothing is promoted.")
    alias = session.project.gate.baseline
    keep_rescored(log, trained)
    judgeable = _judgeable(session, log.read(), registered, trained)
    for _ in range(_ROUNDS):
        state = log.read()
        champion = state.alias(alias)
        expect = champion.version if champion else None
        if expect == number:
            _keep_evaluation(log, registered, trained)
            by = overridden(champion, alias) if champion else None
            why = f"This is the model of v{number}, the {alias}{f', {by}' if by else ''}."
            return _Ending("unchanged", why, compared_with=expect)
        if is_superseded(state, alias, number, session.commit.sha, session.checkout.is_ancestor):
            return _superseded(state, alias)
        rules = rules_digest(session.project.gate)
        basis = basis_of(session, state, judgeable.evaluation, judgeable.rescored)
        judgement = judged_before(state, number, rules_digest=rules, basis=basis)
        judged_now = judgement is None
        if judgement is None:
            _keep_evaluation(log, registered, trained)
            judgement = _judge(session, log, number, judgeable)
        elif judgement.seq in state.spent:
            why = f"v{number} was the {alias} by this verdict before, and was moved away by a decision since."
            return _Ending("unchanged", why, compared_with=expect)
        verdict = recorded_verdict(log, judgement.seq)
        if judgement.outcome != "pass":
            # The same job again gives the same answer; another commit with the same model is no news.
            if state.versions[number].commit != session.commit.sha and not judged_now:
                why = f"This is the model of v{number}, {JUDGED_BEFORE[judgement.outcome]} before: {judgement.summary}"
                return _Ending("unchanged", why, compared_with=expect)
            return _Ending(outcome_of(judgement.outcome), judgement.summary, verdict, expect)
        promotion = Promotion(
            alias=alias,
            version=number,
            commit=session.commit.sha,
            expect=expect,
            verdict=VerdictReference(judgement.seq, verdict.candidate.digest or "", judgement.outcome),
        )
        try:
            promoted = promote_judged(log, promotion, is_ancestor=session.checkout.is_ancestor)
        except BaselineMovedError:
            continue
        if promoted == "superseded":
            return _superseded(log.read(), alias)
        return _Ending(promoted, judgement.summary, verdict, expect)
    raise ConflictError(f"{alias} kept moving while v{number} was judged", where=log.model, hint="run it again")


def _superseded(state: ModelState, alias: str) -> _Ending:
    champion = state.aliases[alias].version
    why = f"A later commit, or the same one with later data, has settled on v{champion} as the {alias}."
    return _Ending("superseded", why, compared_with=champion)


def _judge(session: Session, log: ModelLog, number: int, judgeable: Judgeable) -> Judgement:
    """Judge the registered version and put the verdict into its log."""
    state = log.read()
    side = Side(digest=state.versions[number].digest, version=number, commit=session.commit.sha)
    seq = record_verdict(log, number, judge_candidate(session, log, side, judgeable))
    return next(judgement for judgement in log.read().versions[number].judgements if judgement.seq == seq)


def _keep_evaluation(log: ModelLog, registered: Registered, trained: Trained) -> None:
    """Record the predictions of today, with which the next candidate is paired; those of other bytes are not ours."""
    evaluation = trained.run.evaluation
    if evaluation is None or registered.differs:
        return
    predictions = trained.local(evaluation.predictions) if evaluation.predictions else None
    record_evaluation(log, registered.version.version, evaluation, predictions)


def _judgeable(session: Session, state: ModelState, registered: Registered, trained: Trained) -> Judgeable:
    """What is known of the registered bytes, which are others than ours if training is not reproducible."""
    if not registered.differs:
        return Judgeable(trained.run.evaluation, trained.evidence, trained.measured, trained.rescored)
    gate, how = gate_of(session)
    version, wanted, measured = registered.version, trained.evidence.evaluation_set, trained.measured
    recorded = state.evaluation_on(version.version, wanted)
    reference = recorded_evidence(session.store, state, version, f"v{version.version}", how, gate, wanted, measured)
    if recorded is None or reference.evidence is None:
        raise ConflictError(
            f"v{version.version} stands for this commit with other bytes, and was never evaluated on today's data",
            where=state.model,
            hint="restore the cache that made it, or commit a change",
        )
    return Judgeable(recorded, reference.evidence, measured, trained.rescored)
