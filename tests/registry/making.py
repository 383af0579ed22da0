"""Makes what the registry's tests register, judge and promote."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mlops_ci.edge.clock import Clock
from mlops_ci.records.actor import Actor
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.entry import VerdictReference
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.files import FileRecord
from mlops_ci.records.verdict import Outcome, Side, Verdict
from mlops_ci.registry.check import check_model
from mlops_ci.registry.judge import record_verdict
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.promote import Promotion
from mlops_ci.registry.register import Registration
from mlops_ci.registry.state import ModelState
from mlops_ci.registry.uploads import LocalFile
from mlops_ci.workspace.store import Store

MODEL = "model"


def sha(number: object) -> str:
    """A commit."""
    return hashlib.sha1(str(number).encode(), usedforsecurity=False).hexdigest()


def ticking() -> Clock:
    """A clock that goes on by a second with every look."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)

    def now() -> datetime:
        nonlocal moment
        moment += timedelta(seconds=1)
        return moment

    return now


def open_log(store: Store, model: str = MODEL) -> ModelLog:
    return ModelLog(store, model, actor=Actor("tester"), clock=ticking())


def local_file(folder: Path, path: str, content: bytes) -> LocalFile:
    """A file with that content, and its record. Files of equal content share their bytes in ``folder``."""
    digest = digest_of_bytes(content)
    source = folder / digest
    if not source.exists():
        folder.mkdir(exist_ok=True)
        partial = folder / uuid.uuid4().hex  # another process may look, and this one may be killed
        partial.write_bytes(content)
        partial.replace(source)
    return LocalFile(FileRecord(path, digest, len(content)), lambda: source)


def registration(
    folder: Path,
    commit: str | None,
    fingerprint: str,
    files: Mapping[str, bytes] | None = None,
    **fields: Any,
) -> Registration:
    """A version to register; its bytes follow from the fingerprint unless given."""
    files = {"model.bin": f"bytes of {fingerprint}".encode()} if files is None else files
    return Registration(
        commit=commit,
        fingerprint=fingerprint,
        files=tuple(local_file(folder, path, content) for path, content in files.items()),
        **fields,
    )


def with_predictions(folder: Path, content: bytes, evaluation_set: str = "set") -> dict[str, Any]:
    """The fields of a registration with predictions."""
    file = local_file(folder, "predictions.csv", content)
    return {"evaluation": Evaluation(set=evaluation_set, rows=3, predictions=file.record), "predictions": file}


def verdict(
    digest: str,
    outcome: Outcome = "pass",
    *,
    baseline: str | None = None,
    summary: str = "better",
    basis: str = "basis",
) -> Verdict:
    return Verdict(
        outcome=outcome,
        summary=summary,
        outcomes=(),
        rules=(),
        candidate=Side(digest=digest),
        baseline=Side(digest=baseline) if baseline else None,
        evaluation_set="set",
        rows=3,
        confidence=0.95,
        on_inconclusive="block",
        rules_digest="rules",
        basis=basis,
    )


def judged(log: ModelLog, version: int, *, alias: str = "champion", commit: str | None = None) -> Promotion:
    """Let a version pass the gate against the alias as it is now, and ask for its promotion."""
    state = log.read()
    digest, champion = state.versions[version].digest, state.alias(alias)
    seq = record_verdict(log, version, verdict(digest, baseline=champion.digest if champion else None))
    return Promotion(
        alias=alias,
        version=version,
        commit=commit or state.versions[version].commit,
        expect=champion.version if champion else None,
        verdict=VerdictReference(seq, digest, "pass"),
    )


def require_whole(store: Store, model: str = MODEL) -> ModelState:
    """Read the model anew, with every byte of it checked, and return its state."""
    log = open_log(store, model)
    check = check_model(log, read_data=True)
    assert check.findings == ()
    state = log.read()
    assert list(state.versions) == [n for n in range(1, state.last_version + 1) if n not in state.deleted]
    keys = {(commit, v.fingerprint) for v in state.versions.values() for commit in (v.commit, *v.links)}
    assert len(keys) == sum(1 + len(v.links) for v in state.versions.values()), "a key has two versions"
    assert len({v.fingerprint for v in state.versions.values()}) == len(state.versions), (
        "a fingerprint has two versions"
    )
    return state
