"""Collects garbage: objects of uploads that no version refers to.

An upload may be in the middle of becoming a version while we look. So it is condemned in the log first, and its objects
are deleted after that: a writer has to read the log before it can add its version, sees its upload condemned, and sends
it again. What was condemned and not yet deleted when a collector died is deleted by the next one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mlops_ci.records.entry import Body, Collect
from mlops_ci.registry.checkpoints import listed
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.layout import attempt_of, checkpoint_parts, checkpoints_prefix, objects_prefix
from mlops_ci.workspace.store import StoredObject

GRACE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Collected:
    """What garbage collection deleted of a model, or would delete: uploads, objects and bytes."""

    model: str
    attempts: tuple[str, ...]
    objects: tuple[str, ...]
    size: int


def collect(log: ModelLog, *, now: datetime, grace: timedelta = GRACE, dry_run: bool = False) -> Collected:
    """Delete the objects that no live version of a model needs.

    Args:
        log: the model's log.
        now: the time, by the storage's clock within some minutes.
        grace: how long an upload may take before it counts as abandoned.
        dry_run: only tell what would be deleted.
    """
    before = (now - grace).timestamp()
    uploads = _uploads(log)
    old = {attempt for attempt, items in uploads.items() if all(item.modified < before for item in items)}

    def decide(state: ModelState) -> Body | None:
        new = old - state.condemned - attempts_in_use(state)
        return Collect(tuple(sorted(new))) if new else None

    if dry_run:
        state = log.read()
        doomed = state.condemned | old
    else:
        state = log.append(decide)
        state.require_writable()  # an entry that we do not understand may need what we would delete
        doomed = state.condemned
    doomed = doomed - attempts_in_use(state)  # nobody condemns these; what was once lost is lost
    found = [item for attempt in sorted(doomed & uploads.keys()) for item in uploads[attempt]]
    found += _superseded_checkpoints(log, state.head, before)
    if not dry_run:
        with log.store.together():
            for item in found:
                log.store.delete(item.key)
    return Collected(
        model=log.model,
        attempts=tuple(sorted(doomed & uploads.keys())),
        objects=tuple(item.key for item in found),
        size=sum(item.size for item in found),
    )


def unused_objects(log: ModelLog) -> list[StoredObject]:
    """The objects of uploads that no live version refers to: left by a crash, by a deletion, or on their way."""
    used = attempts_in_use(log.read())
    return [item for attempt, items in _uploads(log).items() if attempt not in used for item in items]


def attempts_in_use(state: ModelState) -> set[str]:
    """The uploads that live versions refer to."""
    versions = state.versions.values()
    evaluated = {one.attempt for version in versions for one in version.evaluations if one.attempt}
    converted = {one.conversion.attempt for one in versions if one.conversion and one.conversion.attempt}
    explained = {one.explanation.attempt for one in versions if one.explanation}
    described = {one.card.attempt for one in versions if one.card and one.card.attempt}
    return {version.attempt for version in versions} | evaluated | converted | explained | described


def _uploads(log: ModelLog) -> dict[str, list[StoredObject]]:
    uploads: dict[str, list[StoredObject]] = defaultdict(list)
    for item in log.store.list(objects_prefix(log.model)):
        uploads[attempt_of(log.model, item.key)].append(item)
    return uploads


def _superseded_checkpoints(log: ModelLog, head: int, before: float) -> Iterable[StoredObject]:
    """Checkpoints that larger ones have taken the place of, once no hint that somebody reads can still name them."""
    needed = {(one.first, one.last, one.digest) for one in listed(log.store, log.model, head)}
    for item in log.store.list(checkpoints_prefix(log.model)):
        parts = checkpoint_parts(item.key)
        if parts and parts not in needed and item.modified < before:
            yield item
