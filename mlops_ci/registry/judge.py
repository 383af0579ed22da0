"""Records evaluations and verdicts in a model's log."""

from __future__ import annotations

from dataclasses import replace

from mlops_ci.errors import ConflictError, IntegrityError
from mlops_ci.records.entry import Body, Evaluated, Judged
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.model_version import Judgement
from mlops_ci.records.verdict import Verdict
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.state import ModelState
from mlops_ci.registry.uploads import LocalFile
from mlops_ci.workspace.layout import predictions_path


def judged_before(state: ModelState, version: int, *, rules_digest: str, basis: str) -> Judgement | None:
    """The newest verdict on a version by the same rules, on the same evidence, against the same versions."""
    same = [
        judgement
        for judgement in state.require(version).judgements
        if (judgement.rules_digest, judgement.basis) == (rules_digest, basis)
    ]
    return same[-1] if same else None


def record_verdict(log: ModelLog, version: int, verdict: Verdict) -> int:
    """Append a verdict, and return the number of its entry.

    Raises:
        ConflictError: the version holds other bytes than those that were judged.
    """

    def decide(state: ModelState) -> Body:
        if verdict.candidate.digest != state.require(version).digest:
            raise ConflictError(f"what was judged is not v{version}", where=log.model, hint="run the command again")
        return Judged(version=version, verdict=verdict)

    return log.append(decide).head


def recorded_verdict(log: ModelLog, seq: int) -> Verdict:
    """The verdict in an entry of the log.

    Raises:
        IntegrityError: there is none.
    """
    entry = log.entry(seq)
    if entry is None or not isinstance(entry.body, Judged):
        raise IntegrityError(f"entry {seq} of the log is no verdict", where=log.model)
    return entry.body.verdict


def record_evaluation(log: ModelLog, version: int, evaluation: Evaluation, predictions: LocalFile | None) -> None:
    """Append an evaluation of a version, unless its newest on the same set is the same."""

    def decide(state: ModelState) -> Body | None:
        recorded = state.evaluation_on(version, evaluation.set)
        if recorded and replace(recorded, attempt=None) == replace(evaluation, attempt=None):
            return None
        if predictions is None:
            return Evaluated(version=version, evaluation=evaluation)
        files = {predictions_path(predictions.record.path): predictions}
        attempt = log.uploads.send(["evaluation", version], files, condemned=state.condemned)
        return Evaluated(version=version, evaluation=replace(evaluation, attempt=attempt))

    log.append(decide)
