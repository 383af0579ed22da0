"""Records evaluations and verdicts in a model's log."""

from __future__ import annotations

from dataclasses import replace

from mlops_ci.errors import ConflictError
from mlops_ci.records.entry import Body, Evaluated, Judged
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.model_version import Judgement
from mlops_ci.records.verdict import Verdict
from mlops_ci.registry.fold import ModelState
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import LocalFile, upload_evaluation


def judged_before(state: ModelState, version: int, *, rules_digest: str, basis: str) -> Judgement | None:
    """The newest verdict on a version by the same rules, on the same evidence, against the same versions."""
    same = [
        judgement
        for judgement in state.versions[version].judgements
        if (judgement.rules_digest, judgement.basis) == (rules_digest, basis)
    ]
    return same[-1] if same else None


def record_verdict(log: ModelLog, version: int, verdict: Verdict) -> int:
    """Append a verdict, and return the number of its entry.

    Raises:
        ConflictError: the version holds other bytes than those that were judged.
    """

    def decide(state: ModelState) -> Body:
        if verdict.candidate.digest != state.versions[version].digest:
            raise ConflictError(f"what was judged is not v{version}", where=log.model, hint="run the command again")
        return Judged(version=version, verdict=verdict)

    return log.append(decide).head


def record_evaluation(log: ModelLog, version: int, evaluation: Evaluation, predictions: LocalFile | None) -> None:
    """Append an evaluation of a version, unless its newest on the same set is the same."""
    stored: Evaluation | None = None

    def decide(state: ModelState) -> Body | None:
        nonlocal stored
        recorded = state.evaluation_on(version, evaluation.set)
        if recorded and replace(recorded, attempt=None) == replace(evaluation, attempt=None):
            return None
        stored = stored or upload_evaluation(log, evaluation, predictions)
        return Evaluated(version=version, evaluation=stored)

    log.append(decide)
