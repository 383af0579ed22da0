"""Overrides a verdict: somebody answers for a version that the gate did not let pass, with name and reason."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_ci.errors import ConflictError, UsageError
from mlops_ci.records.entry import Alias, Body, Override, VerdictReference
from mlops_ci.records.model_version import ModelVersion, Overridden
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.state import ModelState


@dataclass(frozen=True, slots=True)
class Overriding:
    """What came of an override: whether the alias moved, or was there already, and what is on record of it."""

    moved: bool
    record: Overridden


def override(log: ModelLog, alias: str, version: int, reason: str) -> Overriding:
    """Point an alias at a version whose newest verdict is not a pass; the same again changes nothing.

    Args:
        log: the model's log.
        alias: the alias.
        version: where it shall point.
        reason: why; kept in the log with the name of whoever says so.

    Raises:
        UsageError: there is no reason, no verdict, or one that needs no override.
        ConflictError: the alias points to a newer version.
    """
    reason = reason.strip()
    if not reason:
        raise UsageError("an override needs a reason", where="--reason", hint="say why; it is kept for good")

    def decide(state: ModelState) -> Body | None:
        target = state.require(version)
        verdict = _verdict_of(log.model, target)
        current = state.aliases.get(alias)
        if current and current.version > version:
            raise ConflictError(
                f"v{version} is older than v{current.version}, which {alias} points to",
                where=log.model,
                hint=f"to go back: mlops-ci promote {log.model}@v{version} --alias {alias} --rollback --reason TEXT",
            )
        known = _of(target, alias, verdict)
        if known and (verdict.seq not in state.spent or (current and current.version == version)):
            return None  # it is said already; and if the alias was moved away since, it was not said about that
        if current and current.version == version:
            raise UsageError(f"v{version} is the {alias} already, without an override", where=log.model)
        return Override(version=version, alias=alias, verdict=verdict, reason=reason)

    moved = False

    def move(state: ModelState) -> Body | None:
        nonlocal moved
        target = state.require(version)
        current = state.aliases.get(alias)
        verdict = _verdict_of(log.model, target)
        record = _of(target, alias, verdict)
        if current and current.version >= version:
            moved = False
            return None
        if record is None:
            raise ConflictError(f"v{version} was judged anew meanwhile", where=log.model, hint="look again")
        moved = True
        return Alias(
            alias=alias,
            version=version,
            expect=current.version if current else None,
            commit=target.commit,
            verdict=verdict,
            reason=record.reason,
            override=record.seq,
            by_hand=True,
        )

    def both() -> Overriding:
        log.append(decide)
        target = log.append(move).require(version)
        record = _of(target, alias, _verdict_of(log.model, target))
        if record is None:
            raise AssertionError("an override was appended before the alias moved")
        return Overriding(moved, record)

    return log.together(both)


def _verdict_of(model: str, version: ModelVersion) -> VerdictReference:
    if not version.judgements:
        hint = f"to decide without one: mlops-ci promote {model}@v{version.version} --reason TEXT"
        raise UsageError(f"v{version.version} has no verdict that could be overridden", where=model, hint=hint)
    newest = version.judgements[-1]
    if newest.outcome == "pass":
        hint = f"mlops-ci promote {model}@v{version.version}"
        raise UsageError(f"v{version.version} has passed: there is nothing to override", where=model, hint=hint)
    return VerdictReference(newest.seq, version.digest, newest.outcome)


def _of(version: ModelVersion, alias: str, verdict: VerdictReference) -> Overridden | None:
    """The newest override of this verdict for this alias."""
    found = [one for one in version.overrides if (one.alias, one.verdict) == (alias, verdict.seq)]
    return found[-1] if found else None


def overridden(version: ModelVersion, alias: str | None = None) -> str | None:
    """Such as ``overridden by ann: the test set is wrong``: its newest verdict, for an alias or for any; else None."""
    newest = version.judgements[-1].seq if version.judgements else None
    found = [one for one in version.overrides if one.verdict == newest and alias in {None, one.alias}]
    return f"overridden by {found[-1].by}: {found[-1].reason}" if found else None
