"""Verdicts in the log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_ci.errors import ConflictError
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.registry.judge import judged_before, record_verdict
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import Registered, register, upload_evaluation
from mlops_ci.workspace.store import Store
from tests.registry.conftest import Make
from tests.registry.making import local_file, require_whole, sha, verdict, with_predictions

Versions = Callable[[int], list[Registered]]


def test_a_verdict_is_kept_whole_and_in_short(store: Store, log: ModelLog, versions: Versions) -> None:
    digest = versions(1)[0].version.digest
    given = verdict(digest, "inconclusive", baseline="sha256:b", summary="too few rows")
    seq = record_verdict(log, 1, given, None)
    state = require_whole(store)
    assert state.verdicts == {seq: given}
    (judgement,) = state.versions[1].judgements
    assert (judgement.seq, judgement.outcome, judgement.baseline) == (seq, "inconclusive", "sha256:b")


def test_a_verdict_on_other_bytes_is_refused(log: ModelLog, versions: Versions) -> None:
    versions(1)
    with pytest.raises(ConflictError, match="what was judged is not v1"):
        record_verdict(log, 1, verdict("sha256:other"), None)
    assert log.read().head == 1


def test_a_judgement_is_known_by_rules_data_and_baseline(log: ModelLog, versions: Versions) -> None:
    digest = versions(1)[0].version.digest
    record_verdict(log, 1, verdict(digest, "fail", baseline="sha256:b"), None)
    last = record_verdict(log, 1, verdict(digest, "pass", baseline="sha256:b"), None)

    def found(evaluation_set: str = "set", rules: str = "rules", baseline: str | None = "sha256:b") -> int | None:
        judgement = judged_before(log.read(), 1, evaluation_set=evaluation_set, rules_digest=rules, baseline=baseline)
        return judgement.seq if judgement else None

    assert found() == last
    assert found(evaluation_set="other") is found(rules="other") is found(baseline=None) is None


def test_predictions_on_a_new_set_are_kept_with_the_verdict(
    store: Store, log: ModelLog, make: Make, tmp_path: Path
) -> None:
    version = register(log, make(sha(1), "f1", **with_predictions(tmp_path / "s", b"old", "old set"))).version
    file = local_file(tmp_path / "s", "predictions.csv", b"new")
    evaluation = upload_evaluation(log, Evaluation(set="set", rows=3, predictions=file.record), file)
    for _ in range(2):
        record_verdict(log, 1, verdict(version.digest), evaluation)
    state = require_whole(store)
    assert [known.set for known in state.versions[1].evaluations] == ["old set", "set"]
    assert state.evaluation_on(1, "set") == evaluation
