"""Compares a trained candidate with the champion, by the rules in force."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from mlops_ci.errors import UsageError
from mlops_ci.gate.evidence import Evidence
from mlops_ci.gate.judge import BASELINE, judge
from mlops_ci.gate.withholding import withheld
from mlops_ci.lifecycle.erosion import erosion
from mlops_ci.lifecycle.evidence import AllRescored, Measured, Rescored, references, unknown_references
from mlops_ci.lifecycle.looks import notes_on_looks, take_look, tell
from mlops_ci.lifecycle.session import Session
from mlops_ci.project.project import EvaluationChoice, GateChoice
from mlops_ci.records.digest import digest_of_value
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.report import CiOutcome
from mlops_ci.records.verdict import Outcome, Side, Verdict
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.override import overridden
from mlops_ci.registry.references import resolve
from mlops_ci.registry.state import ModelState

JUDGED_BEFORE: dict[Outcome, str] = {"pass": "passed", "fail": "refused", "inconclusive": "on hold"}


@dataclass(frozen=True, slots=True)
class Judgeable:
    """What is judged of a candidate: the record of its evaluation, and the same as evidence.

    ``measured`` has what the user's functions say of it and of the versions it is compared with, ``rescored`` what came
    of those of them that had no predictions on its rows.
    """

    evaluation: Evaluation | None
    evidence: Evidence
    measured: Measured = field(default_factory=dict)
    rescored: AllRescored = field(default_factory=dict)


def judge_candidate(session: Session, log: ModelLog, side: Side, candidate: Judgeable) -> Verdict:
    """Judge a candidate against the registry's present state, by the gate that the project has.

    With a budget this is a look at the evaluation set, on record before it is made; so is what may be told of it.
    """
    gate, evaluation = gate_of(session)
    state, asked = log.read(), candidate.evidence
    spent = take_look(session, log, gate, evaluation, side, candidate.evaluation, asked)
    if session.unreadable:
        found = unknown_references(gate, "the workspace cannot be read from here")
    else:
        measured, rescored = candidate.measured, candidate.rescored
        found = references(session.store, state, evaluation, gate, asked.evaluation_set, measured, rescored)
    verdict = judge(gate, side, asked, found, spent)
    if gate.budget and gate.budget.reveal == "gains":
        verdict = withheld(verdict, gate, asked)
        tell(session, log, gate, asked, verdict)
    else:
        verdict = replace(verdict, notes=(*verdict.notes, *erosion(state, gate, verdict)))
    notes = (*verdict.notes, *notes_on_looks(session, state, gate, verdict))
    champion = state.alias(gate.baseline)
    if champion and (by := overridden(champion, gate.baseline)):
        notes = (*notes, f"{gate.baseline} v{champion.version} did not pass the gate: {by}")
    notes = (*notes, *(note for again in candidate.rescored.values() for note in again.notes))
    return replace(verdict, notes=notes, basis=basis_of(session, state, candidate.evaluation, candidate.rescored))


def basis_of(session: Session, state: ModelState, evaluation: Evaluation | None, rescored: AllRescored) -> str:
    """Identifies what a verdict looks at: what is judged, how it is read, and what it is compared with."""
    gate, how = gate_of(session)
    compared: dict[str, str | None] = {}
    named = {rule.bound.reference.removeprefix("@") for rule in gate.flat() if rule.bound.reference}
    for name in {gate.baseline, *named} - {BASELINE}:
        try:
            version = resolve(state, name)
        except UsageError:
            compared[name] = None
            continue
        compared[name] = version.digest
        if evaluation and evaluation.set and state.evaluation_on(version.version, evaluation.set) is None:
            # Once it is rescored this is another comparison; that it was is none.
            again = rescored.get(version.version, Rescored(problem="unpaired"))
            if again.problem:
                compared[name] = digest_of_value([version.digest, again.problem])
    evidence = replace(evaluation, attempt=None) if evaluation else None
    functions = {metric.file: session.snapshot.identity(metric.file) for metric in how.custom}
    return digest_of_value([evidence, how, compared, *([functions] if functions else [])])


def gate_of(session: Session) -> tuple[GateChoice, EvaluationChoice]:
    """The gate and the evaluation of a project that has them."""
    project = session.project
    if project.gate is None or project.evaluation is None:
        raise AssertionError("loading refuses a gate without an evaluation, and callers ask for a gate first")
    return project.gate, project.evaluation


def outcome_of(verdict: Outcome) -> CiOutcome:
    """What a journey comes to that ends with a verdict."""
    outcomes: dict[Outcome, CiOutcome] = {"pass": "passed", "fail": "refused", "inconclusive": "inconclusive"}
    return outcomes[verdict]
