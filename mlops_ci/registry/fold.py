"""Folds a model's log into its state. Pure: bytes in, state out; every invariant of the log is checked here.

An entry is folded in two steps, so that a writer can have its own entry checked before anybody sees it: ``examine``
checks everything and changes nothing, ``apply`` changes the state and cannot fail.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from mlops_ci.errors import IntegrityError
from mlops_ci.project.paths import escapes, normalise
from mlops_ci.records.codec import decode
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.entry import (
    LOG_FORMAT,
    Alias,
    Body,
    Collect,
    Converted,
    Delete,
    Deployed,
    Described,
    Envelope,
    Evaluated,
    Explained,
    Imaged,
    Judged,
    Link,
    Looks,
    OfVersion,
    Override,
    Protect,
    Register,
    Release,
    Revealed,
    Tag,
    Unalias,
)
from mlops_ci.records.model_version import Judgement, ModelVersion, Overridden
from mlops_ci.records.operations import OPERATIONS
from mlops_ci.registry.alias_changes import moved, taken_away
from mlops_ci.registry.deployments import require_possible, with_serving, with_stage
from mlops_ci.registry.state import AliasTarget, LogEntry, Look, ModelState, Reign


@dataclass(frozen=True, slots=True)
class Examined:
    """A checked entry: its digest, and the versions that it leaves changed."""

    entry: LogEntry
    digest: str
    versions: dict[int, ModelVersion] = field(default_factory=dict)


def fold(state: ModelState, data: bytes, where: str) -> LogEntry:
    """Add the next entry to a state.

    Raises:
        IntegrityError: as of :func:`examine`; the state is as it was.
    """
    examined = examine(state, data, where)
    apply(state, examined)
    return examined.entry


def read_entry(data: bytes, where: str) -> LogEntry:
    """Decode an entry.

    Raises:
        IntegrityError: it is damaged, or of a format that is not ours.
    """
    envelope = decode(data, Envelope, where=where)
    if envelope.format != LOG_FORMAT:
        raise IntegrityError(f"log format {envelope.format} is unknown", where=where, hint="upgrade mlops-ci")
    kind = OPERATIONS.get(envelope.op)
    return LogEntry(envelope, None if kind is None else decode(data, kind, where=where))


def examine(state: ModelState, data: bytes, where: str) -> Examined:
    """Check the next entry against a state.

    Raises:
        IntegrityError: it is damaged, out of order, not chained to the one before, or contradicts the log.
    """
    envelope = decode(data, Envelope, where=where)
    if envelope.seq != state.head + 1:
        raise IntegrityError(f"entry {state.head + 1} of the log says it is number {envelope.seq}", where=where)
    if envelope.prev != state.head_digest:
        raise IntegrityError("the log's hash chain is broken", where=where, hint=_CHAIN_HINT)
    entry = read_entry(data, where)
    changed = _changed_versions(state, envelope, entry.body, where) if entry.body else ()
    return Examined(entry, digest_of_bytes(data), {version.version: version for version in changed})


def apply(state: ModelState, examined: Examined) -> None:
    """Change the state as an examined entry says."""
    envelope, body = examined.entry.envelope, examined.entry.body
    state.head = envelope.seq
    state.head_digest = examined.digest
    for number, version in examined.versions.items():
        state.versions[number] = version
    match body:
        case Register():
            state.last_version = body.version
            state.fingerprints[body.fingerprint] = body.version
        case Alias():
            state.aliases[body.alias] = AliasTarget(body.version, body.commit, envelope.seq)
            state.reigns.setdefault(body.alias, []).append(Reign(state.last_version, body.version))
            if body.verdict:
                state.spent.add(body.verdict.seq)
        case Unalias(alias=alias):
            del state.aliases[alias]
            state.reigns.setdefault(alias, []).append(Reign(state.last_version, None))
        case Delete():
            state.deleted.add(body.version)
            del state.fingerprints[state.versions.pop(body.version).fingerprint]
        case Looks(evaluation_set=evaluation_set, looks=looks):
            told = tuple(one.values for one in state.revealed.get(evaluation_set, {}).values() if one.passed)
            state.looks[evaluation_set] = (*state.looks.get(evaluation_set, ()), Look(frozenset(looks), told))
        case Revealed(evaluation_set=evaluation_set, look=look):
            state.revealed.setdefault(evaluation_set, {})[look] = body
        case Collect(attempts=attempts):
            state.condemned.update(attempts)
        case Deployed():
            after = with_stage(state.deployments.pop(body.deployment, None), envelope, body)
            if after:
                state.deployments[body.deployment] = after
        case None if envelope.must_understand:
            state.not_understood.append(envelope.op)


def _changed_versions(state: ModelState, envelope: Envelope, body: Body, where: str) -> tuple[ModelVersion, ...]:
    """The versions as an entry leaves them; its preconditions hold, or it is refused."""
    match body:
        case Register():
            return (_registered(state, envelope, body, where),)
        case Alias():
            return moved(state, _existing(state, body.version, where), body, where)
        case Unalias():
            return (taken_away(state, body, where),)
        case Looks() | Revealed() | Collect():
            return ()
        case Deployed():
            version = _existing(state, body.version, where)
            require_possible(state, version, body, where)
            return with_serving(state, version, body)
        case _:
            version = _existing(state, body.version, where)
            return (_changed(state, version, envelope, body, where),)


def _changed(
    state: ModelState,
    version: ModelVersion,
    envelope: Envelope,
    body: OfVersion,
    where: str,
) -> ModelVersion:
    match body:
        case Link(commit=commit):
            return replace(version, links=(*version.links, commit))
        case Evaluated(evaluation=evaluation):
            _require_kept(state, evaluation.attempt, where)
            return replace(version, evaluations=(*version.evaluations, evaluation))
        case Judged():
            return replace(version, judgements=(*version.judgements, _judgement(version, envelope.seq, body, where)))
        case Override():
            return replace(version, overrides=(*version.overrides, _overridden(version, envelope, body, where)))
        case Tag(set=new, remove=removed):
            kept = {key: value for key, value in version.tags.items() if key not in removed}
            return replace(version, tags={**kept, **new})
        case Protect(deployment=deployment):
            if deployment in version.protections:
                raise IntegrityError(f"v{version.version} is protected for {deployment} twice", where=where)
            return replace(version, protections=(*version.protections, deployment))
        case Release(deployment=deployment):
            if deployment not in version.protections:
                raise IntegrityError(f"v{version.version} is released from {deployment}, unprotected", where=where)
            return replace(version, protections=tuple(name for name in version.protections if name != deployment))
        case Converted(conversion=conversion):
            _require_kept(state, conversion.attempt, where)
            return replace(version, conversion=conversion)
        case Explained(explanation=explanation):
            _require_kept(state, explanation.attempt, where)
            return replace(version, explanation=explanation)
        case Described(card=card):
            _require_kept(state, card.attempt, where)
            return replace(version, card=card)
        case Imaged(image=image):
            return replace(version, images=(*version.images, image))
        case Delete():
            if version.aliases or version.protections:
                raise IntegrityError(f"v{version.version} is deleted while it is in use", where=where)
            return version


def _registered(state: ModelState, envelope: Envelope, body: Register, where: str) -> ModelVersion:
    if body.version != state.next_version:
        raise IntegrityError(f"version {body.version} follows version {state.last_version}", where=where)
    if body.fingerprint in state.fingerprints:
        raise IntegrityError(f"version {body.version} has the fingerprint of another", where=where)
    require_inside(body, where)
    _require_kept(state, body.attempt, where)
    return ModelVersion(
        model=state.model,
        version=body.version,
        commit=body.commit,
        fingerprint=body.fingerprint,
        digest=body.digest,
        created=envelope.time,
        attempt=body.attempt,
        files=body.files,
        tags=body.tags,
        metrics=body.metrics,
        params=body.params,
        datasets=body.datasets,
        data_time=body.data_time,
        environment=body.environment,
        run=body.run,
        source=body.source,
        signature=body.signature,
        evaluations=(body.evaluation,) if body.evaluation else (),
        entry=envelope.seq,
        samples=body.samples,
    )


def require_inside(body: Register, where: str) -> None:
    """Refuse a version of which a file would be written outside its folder.

    Raises:
        IntegrityError: it has one.
    """
    for file in body.files:
        if normalise(file.path) != file.path or file.path == "." or escapes(file.path):
            raise IntegrityError(f"version {body.version} has a file outside its folder", where=where)


def _judgement(version: ModelVersion, seq: int, body: Judged, where: str) -> Judgement:
    verdict = body.verdict
    if verdict.candidate.digest != version.digest:
        raise IntegrityError(f"a verdict on v{version.version} judged other bytes", where=where)
    return Judgement(
        seq=seq,
        outcome=verdict.outcome,
        summary=verdict.summary,
        evaluation_set=verdict.evaluation_set,
        rules_digest=verdict.rules_digest,
        basis=verdict.basis,
    )


def _overridden(version: ModelVersion, envelope: Envelope, body: Override, where: str) -> Overridden:
    newest = version.judgements[-1] if version.judgements else None
    if newest is None or newest.seq != body.verdict.seq:
        raise IntegrityError(f"an override of v{version.version} names a verdict that is not its newest", where=where)
    if body.verdict.candidate != version.digest:
        raise IntegrityError(f"an override of v{version.version} is of a verdict on other bytes", where=where)
    if newest.outcome != body.verdict.outcome or newest.outcome == "pass":
        raise IntegrityError(f"an override of v{version.version} has nothing to override", where=where)
    if not body.reason.strip():
        raise IntegrityError(f"an override of v{version.version} gives no reason", where=where)
    return Overridden(
        seq=envelope.seq,
        verdict=body.verdict.seq,
        alias=body.alias,
        by=envelope.actor.name,
        time=envelope.time,
        reason=body.reason,
    )


def _existing(state: ModelState, version: int, where: str) -> ModelVersion:
    found = state.versions.get(version)
    if found is None:
        raise IntegrityError(f"an entry names version {version}, which does not exist", where=where)
    return found


def _require_kept(state: ModelState, attempt: str | None, where: str) -> None:
    if attempt in state.condemned:
        raise IntegrityError("an entry names an upload that was condemned before", where=where)


_CHAIN_HINT = "somebody changed or removed an entry; run mlops-ci workspace check"
