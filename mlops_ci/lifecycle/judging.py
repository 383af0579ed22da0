"""Compares a trained candidate with the champion, by the rules in force."""

from __future__ import annotations

from mlops_ci.gate.evidence import Evidence
from mlops_ci.gate.judge import judge
from mlops_ci.lifecycle.evidence import references
from mlops_ci.lifecycle.session import Session
from mlops_ci.records.report import CiOutcome
from mlops_ci.records.verdict import Outcome, Side, Verdict
from mlops_ci.registry.fold import ModelState


def judge_candidate(session: Session, state: ModelState, side: Side, evidence: Evidence) -> Verdict:
    """Judge a candidate against the registry's present state, by the gate that the project has."""
    project = session.project
    if project.gate is None or project.evaluation is None:
        raise AssertionError("loading refuses a gate without an evaluation, and callers ask for a gate")
    found = references(session.store, state, project.evaluation, project.gate, evidence.evaluation_set)
    return judge(project.gate, side, evidence, found)


def outcome_of(verdict: Outcome) -> CiOutcome:
    """What a journey comes to that ends with a verdict."""
    outcomes: dict[Outcome, CiOutcome] = {"pass": "passed", "fail": "refused", "inconclusive": "inconclusive"}
    return outcomes[verdict]
