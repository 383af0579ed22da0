"""Compares any two runs or versions, as far as they are on record and the repository is at hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from mlops_ci.edge.redaction import Redactor
from mlops_ci.errors import MlopsError
from mlops_ci.lifecycle.history import read_run, run_if_kept
from mlops_ci.lineage.difference import Recorded, difference
from mlops_ci.pipeline.params import flatten
from mlops_ci.records.codec import encode
from mlops_ci.records.commit import Commit
from mlops_ci.records.dataset import DatasetVersion
from mlops_ci.records.difference import Difference, FileChange
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.run import Run
from mlops_ci.records.verdict import Verdict
from mlops_ci.registry.judge import recorded_verdict
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.references import parse_reference, resolve
from mlops_ci.registry.state import ModelState
from mlops_ci.source.checkout import Checkout
from mlops_ci.workspace.store import Store

T = TypeVar("T")
COMMITS = 50
"""As many commits are told of, the newest ones."""


@dataclass(frozen=True, slots=True)
class Past:
    """Where the past is looked up.

    ``log_of`` opens the log of a model; ``checkout`` is the repository around, if there is one.
    """

    store: Store
    log_of: Callable[[str], ModelLog]
    checkout: Checkout | None
    redact: Redactor


@dataclass(frozen=True, slots=True)
class _Side:
    recorded: Recorded
    commit: str | None
    notes: tuple[str, ...] = ()


def compare(past: Past, before: str, after: str) -> Difference:
    """What differs between two runs or versions, be they of one model or of two.

    Args:
        past: where they are looked up.
        before: the id of a run, or a reference such as ``flight-delay@champion``.
        after: the same.

    Raises:
        UsageError: one of them does not exist.
        IntegrityError: the record of a run is damaged.
    """
    old, new = _side(past, before), _side(past, after)
    between = _between(past, old, new)
    return difference(
        old.recorded,
        new.recorded,
        commits=between.commits,
        files=between.files,
        without=between.without,
        notes=(*old.notes, *new.notes, *between.notes),
    )


@dataclass(frozen=True, slots=True)
class _Between:
    """What lies between two commits, as a ``Difference`` has it."""

    commits: tuple[Commit, ...] | None = None
    without: tuple[Commit, ...] | None = None
    files: tuple[FileChange, ...] | None = None
    notes: tuple[str, ...] = ()


def recorded_version(
    store: Store, version: ModelVersion, verdict: Verdict | None, name: str
) -> tuple[Recorded, tuple[str, ...]]:
    """What is on record of a version: by its run, or without that by the log alone, with a note."""
    run, gone = run_if_kept(store, version.run)
    digests = {key: DatasetVersion(key, digest, 0, 0) for key, digest in version.datasets.items()}
    stated = version.run is not None  # who registers a model by hand may state either, and need not
    recorded = Recorded(
        name=name,
        params=flatten(version.params) if stated or version.params else None,
        metrics=version.metrics,
        datasets=run.datasets if run else digests if stated or digests else None,
        environment=run.environment.digest if run else version.environment,
        lock=run.environment if run else None,
        verdict=verdict,
    )
    return recorded, (f"{name}: {gone}",) if gone and version.run else ()


def recorded_run(run: Run, verdict: Verdict | None, name: str) -> Recorded:
    """What is on record of a run."""
    return Recorded(
        name=name,
        # As the registry keeps them: an infinity has no JSON form.
        params=flatten(json.loads(encode(run.params))),
        metrics=run.metrics,
        datasets=run.datasets,
        environment=run.environment.digest,
        lock=run.environment,
        verdict=run.verdict or verdict,
    )


def deciding_verdict(log: ModelLog, state: ModelState, version: ModelVersion) -> Verdict | None:
    """The verdict that moved an alias to a version, or its newest one."""
    seqs = [judgement.seq for judgement in version.judgements]
    decided = next((seq for seq in seqs if seq in state.spent), seqs[-1] if seqs else None)
    return None if decided is None else recorded_verdict(log, decided)


def _side(past: Past, text: str) -> _Side:
    return _of_version(past, text) if "@" in text else _of_run(past, text)


def _of_run(past: Past, text: str) -> _Side:
    run = read_run(past.store, text)
    verdict = run.verdict
    if verdict is None:  # the default branch leaves it to the log of the model
        log = past.log_of(run.model_name)
        state = log.read()
        made = next((version for version in state.versions.values() if version.run == run.id), None)
        verdict = deciding_verdict(log, state, made) if made else None
    notes = (f"run {run.id} had changes that were not committed: {', '.join(run.dirty.paths)}",) if run.dirty else ()
    return _Side(recorded_run(run, verdict, f"run {run.id}"), run.commit.sha, notes)


def _of_version(past: Past, text: str) -> _Side:
    reference = parse_reference(text)
    log = past.log_of(reference.model)
    state = log.read()
    version = resolve(state, reference.selector)
    verdict = deciding_verdict(log, state, version)
    recorded, notes = recorded_version(past.store, version, verdict, f"{version.model} v{version.version}")
    return _Side(recorded, version.commit, notes)


def _between(past: Past, old: _Side, new: _Side) -> _Between:
    """Commits and files between two commits, or why they are not known."""
    for side in (old, new):
        if side.commit is None:
            return _Between(notes=(f"the commit of {side.recorded.name} was not stated",))
    if old.commit is None or new.commit is None or old.commit == new.commit:
        return _Between((), (), ())
    if past.checkout is None:
        return _Between(notes=("there is no git repository here that knows the commits",))
    checkout, one, other = past.checkout, old.commit, new.commit
    redact = past.redact
    files, unknown = _answer(lambda: checkout.file_changes(one, other))
    commits, beyond = _answer(lambda: checkout.commits_between(one, other, COMMITS, redact))
    without, _ = _answer(lambda: checkout.commits_between(other, one, COMMITS, redact))
    many = any(found and len(found) == COMMITS for found in (commits, without))
    cut = f"there may be more than these {COMMITS} commits" if many else None
    return _Between(commits, without, files, tuple(note for note in dict.fromkeys((unknown, beyond, cut)) if note))


def _answer(ask: Callable[[], T]) -> tuple[T | None, str | None]:
    """What a checkout says, or why it cannot."""
    try:
        return ask(), None
    except MlopsError as error:
        return None, error.line()
