"""A model that somebody has deleted, and that came back because the same commit was trained again."""

from __future__ import annotations

from mlops_ci.records.entry import Delete, Register
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.report.wording import visible


def deleted_before(log: ModelLog, version: ModelVersion) -> str | None:
    """Of a version that is the very model of one that was deleted: a note that says of which, by whom and why."""
    if not log.read().deleted:
        return None
    same: set[int] = set()
    note: str | None = None
    for entry in log.entries():
        match entry.body:
            case Register(version=number, digest=digest) if digest == version.digest and number != version.version:
                same.add(number)
            case Delete(version=number, reason=reason) if number in same:
                why = f": {reason}" if reason else ", without a reason"
                note = visible(f"the same model as v{number}, deleted by {entry.envelope.actor.name}{why}")
            case _:
                pass
    return note
