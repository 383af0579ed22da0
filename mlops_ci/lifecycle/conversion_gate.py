"""Lets the gate decide whether the quantised form of a model may serve: it is a candidate like any other."""

from __future__ import annotations

from mlops_ci.gate.evidence import Evidence
from mlops_ci.lifecycle.examination import Trained
from mlops_ci.lifecycle.judging import Judgeable, judge_candidate
from mlops_ci.lifecycle.session import Session
from mlops_ci.records.verdict import Side
from mlops_ci.registry.model_log import ModelLog


def judge_int8(session: Session, log: ModelLog, trained: Trained, digest: str) -> tuple[bool, str]:
    """Whether the int8 form serves, and why.

    It is compared with the champion, by the same rules as the model itself. The numbers of a metrics file are the
    model's own: nobody has measured them anew. It is a look of its own at the evaluation set.
    """
    if session.project.gate is None:
        return False, "there is no gate to judge it by"
    if not isinstance(trained.int8, Evidence):
        return False, f"it cannot be judged: {trained.int8 or 'the converter left no answers of it'}"
    side = Side(digest=digest, commit=session.commit.sha, name="int8")
    verdict = judge_candidate(
        session, log, side, Judgeable(trained.run.evaluation, trained.int8, trained.measured, trained.rescored)
    )
    return verdict.outcome == "pass", verdict.summary
