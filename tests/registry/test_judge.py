"""Verdicts in the log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_ci.errors import ConflictError
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.registry.judge import judged_before, record_evaluation, record_verdict, recorded_verdict
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import Registered, register
from mlops_ci.workspace.store import Store
from tests.registry.conftest import Make
from tests.registry.making import local_file, require_whole, sha, verdict, with_predictions

Versions = Callable[[int], list[Registered]]


def test_a_verdict_is_kept_whole_and_in_short(store: Store, log: ModelLog, versions: Versions) -> None:
    digest = versions(1)[0].version.digest
    given = verdict(digest, "inconclusive", baseline="sha256:b", summary="too few rows")
    seq = record_verdict(log, 1, given)
    state = require_whole(store)
    assert recorded_verdict(log, seq) == given
    (judgement,) = state.versions[1].judgements
    assert (judgement.seq, judgement.outcome, judgement.basis) == (seq, "inconclusive", "basis")


def test_a_verdict_on_other_bytes_is_refused(log: ModelLog, versions: Versions) -> None:
    versions(1)
    with pytest.raises(ConflictError, match="what was judged is not v1"):
        record_verdict(log, 1, verdict("sha256:other"))
    assert log.read().head == 1


def test_a_judgement_is_known_by_its_rules_and_its_basis(log: ModelLog, versions: Versions) -> None:
    digest = versions(1)[0].version.digest
    record_verdict(log, 1, verdict(digest, "fail"))
    last = record_verdict(log, 1, verdict(digest, "pass"))

    def found(rules: str = "rules", basis: str = "basis") -> int | None:
        judgement = judged_before(log.read(), 1, rules_digest=rules, basis=basis)
        return judgement.seq if judgement else None

    assert found() == last
    assert found(rules="other") is found(basis="other") is None


def test_an_evaluation_is_kept_once_for_each_set_and_each_new_result(
    store: Store, log: ModelLog, make: Make, tmp_path: Path
) -> None:
    register(log, make(sha(1), "f1", **with_predictions(tmp_path / "s", b"old", "old set")))
    for content in (b"new", b"new", b"newer"):
        file = local_file(tmp_path / content.decode(), "predictions.csv", content)
        record_evaluation(log, 1, Evaluation(set="set", rows=3, predictions=file.record), file)
    state = require_whole(store)
    assert [known.set for known in state.versions[1].evaluations] == ["old set", "set", "set"]
    newest = state.evaluation_on(1, "set")
    assert newest is not None
    assert newest.predictions == local_file(tmp_path / "newer", "predictions.csv", b"newer").record
