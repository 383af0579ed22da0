"""Records verdicts in a model's log."""

from __future__ import annotations

from mlops_ci.errors import ConflictError
from mlops_ci.records.entry import Body, Judge
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.model_version import Judgement
from mlops_ci.records.verdict import Verdict
from mlops_ci.registry.fold import ModelState
from mlops_ci.registry.model_log import ModelLog


def judged_before(
    state: ModelState, version: int, *, evaluation_set: str | None, rules_digest: str, baseline: str | None
) -> Judgement | None:
    """The newest verdict on a version by the same rules, on the same data, against the same baseline."""
    same = [
        judgement
        for judgement in state.versions[version].judgements
        if (judgement.evaluation_set, judgement.rules_digest, judgement.baseline)
        == (evaluation_set, rules_digest, baseline)
    ]
    return same[-1] if same else None


def record_verdict(log: ModelLog, version: int, verdict: Verdict, evaluation: Evaluation | None) -> int:
    """Append a verdict, and return the number of its entry.

    Args:
        log: the model's log.
        version: the version judged.
        verdict: the verdict; its candidate is that version.
        evaluation: the predictions that were judged, where the version has none on that set yet.

    Raises:
        ConflictError: the version holds other bytes than those that were judged.
    """

    def decide(state: ModelState) -> Body:
        digest = state.versions[version].digest
        if verdict.candidate.digest != digest:
            raise ConflictError(f"what was judged is not v{version}", where=log.model, hint="run the command again")
        known = state.evaluation_on(version, verdict.evaluation_set) is not None
        return Judge(version=version, verdict=verdict, evaluation=None if known else evaluation)

    return log.append(decide).head
