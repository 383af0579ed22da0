"""Folds a model's log into its state. Pure: bytes in, state out; every invariant of the log is checked here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from mlops_ci.errors import IntegrityError
from mlops_ci.project.paths import escapes, normalise
from mlops_ci.records.codec import decode, plain
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.entry import (
    LOG_FORMAT,
    OPERATIONS,
    Alias,
    Body,
    Envelope,
    Evaluated,
    Judged,
    Link,
    Register,
    Tag,
)
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.model_version import Judgement, ModelVersion
from mlops_ci.records.verdict import Verdict


@dataclass(frozen=True, slots=True)
class AliasTarget:
    """Where an alias points, and the commit it was moved for."""

    version: int
    commit: str | None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry with its envelope; ``body`` is None for an operation that this program does not know."""

    envelope: Envelope
    body: Body | None

    def flat(self) -> dict[str, Any]:
        """The entry as one object, as it is stored."""
        return {**plain(self.envelope), **(plain(self.body) if self.body else {})}


@dataclass(slots=True)
class ModelState:
    """What a model's log says, up to and including entry ``head``; ``spent`` are verdicts that moved an alias."""

    model: str
    head: int = 0
    head_digest: str | None = None
    versions: dict[int, ModelVersion] = field(default_factory=dict)
    aliases: dict[str, AliasTarget] = field(default_factory=dict)
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    history: list[LogEntry] = field(default_factory=list)
    spent: set[int] = field(default_factory=set)
    not_understood: list[str] = field(default_factory=list)
    _keys: dict[tuple[str | None, str], int] = field(default_factory=dict)
    _fingerprints: dict[str, int] = field(default_factory=dict)
    _last_version: int = 0

    @property
    def next_version(self) -> int:
        """The number of the next version; numbers are never used again."""
        return self._last_version + 1

    def with_key(self, commit: str | None, fingerprint: str) -> ModelVersion | None:
        """The version registered for, or linked to, a commit and fingerprint."""
        number = self._keys.get((commit, fingerprint))
        return None if number is None else self.versions[number]

    def with_fingerprint(self, fingerprint: str) -> ModelVersion | None:
        """The version with a fingerprint, whatever its commit."""
        number = self._fingerprints.get(fingerprint)
        return None if number is None else self.versions[number]

    def alias(self, name: str) -> ModelVersion | None:
        """The version an alias points to."""
        target = self.aliases.get(name)
        return None if target is None else self.versions[target.version]

    def evaluation_on(self, version: int, evaluation_set: str | None) -> Evaluation | None:
        """The recorded evaluation of a version on an evaluation set, or without any set."""
        found = [e for e in self.versions[version].evaluations if e.set == evaluation_set]
        return found[-1] if found else None

    def require_writable(self) -> None:
        """Refuse to write after an entry whose meaning we must know and do not.

        Raises:
            IntegrityError: a newer mlops-ci has written such an entry.
        """
        if self.not_understood:
            raise IntegrityError(
                f"the log has entries that only a newer mlops-ci understands: {', '.join(self.not_understood)}",
                where=self.model,
                hint="upgrade mlops-ci to write; reading still works",
            )

    def apply(self, data: bytes, where: str) -> None:
        """Add the next entry.

        Raises:
            IntegrityError: it is damaged, out of order, not chained to the one before, or contradicts the log.
        """
        envelope = decode(data, Envelope, where=where)
        if envelope.seq != self.head + 1:
            raise IntegrityError(f"entry {self.head + 1} of the log says it is number {envelope.seq}", where=where)
        if envelope.prev != self.head_digest:
            raise IntegrityError("the log's hash chain is broken", where=where, hint=_CHAIN_HINT)
        if envelope.format != LOG_FORMAT:
            raise IntegrityError(f"log format {envelope.format} is unknown", where=where, hint="upgrade mlops-ci")
        kind = OPERATIONS.get(envelope.op)
        body = None if kind is None else decode(data, kind, where=where)
        if body is not None:
            self._apply_body(envelope, body, where)
        elif envelope.must_understand:
            self.not_understood.append(envelope.op)
        self.head = envelope.seq
        self.head_digest = digest_of_bytes(data)
        self.history.append(LogEntry(envelope, body))

    def _apply_body(self, envelope: Envelope, body: Body, where: str) -> None:
        match body:
            case Register():
                self._register(envelope, body, where)
            case Link():
                version = self._existing(body.version, where)
                self.versions[version.version] = replace(version, links=(*version.links, body.commit))
                self._keys[body.commit, version.fingerprint] = version.version
            case Evaluated():
                version = self._existing(body.version, where)
                self.versions[version.version] = replace(version, evaluations=(*version.evaluations, body.evaluation))
            case Judged():
                self._judge(envelope.seq, body, where)
            case Alias():
                self._move_alias(body, where)
            case Tag():
                version = self._existing(body.version, where)
                kept = {key: value for key, value in version.tags.items() if key not in body.remove}
                self.versions[version.version] = replace(version, tags={**kept, **body.set})

    def _register(self, envelope: Envelope, body: Register, where: str) -> None:
        if body.version != self.next_version:
            raise IntegrityError(f"version {body.version} follows version {self._last_version}", where=where)
        for file in body.files:
            if normalise(file.path) != file.path or file.path == "." or escapes(file.path):
                raise IntegrityError(f"version {body.version} has a file outside its folder", where=where)
        self.versions[body.version] = ModelVersion(
            model=self.model,
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
        )
        self._last_version = body.version
        self._keys[body.commit, body.fingerprint] = body.version
        self._fingerprints[body.fingerprint] = body.version

    def _judge(self, seq: int, body: Judged, where: str) -> None:
        version = self._existing(body.version, where)
        verdict = body.verdict
        if verdict.candidate.digest != version.digest:
            raise IntegrityError(f"a verdict on v{version.version} judged other bytes", where=where)
        judgement = Judgement(
            seq=seq,
            outcome=verdict.outcome,
            summary=verdict.summary,
            evaluation_set=verdict.evaluation_set,
            rules_digest=verdict.rules_digest,
            basis=verdict.basis,
        )
        self.verdicts[seq] = verdict
        self.versions[body.version] = replace(version, judgements=(*version.judgements, judgement))

    def _move_alias(self, body: Alias, where: str) -> None:
        version = self._existing(body.version, where)
        current = self.aliases.get(body.alias)
        if (current.version if current else None) != body.expect:
            raise IntegrityError(f"alias {body.alias} moved from where it was not", where=where)
        if body.verdict and body.verdict.candidate != version.digest:
            raise IntegrityError(f"alias {body.alias} moved to another model than the one judged", where=where)
        if current:
            before = self.versions[current.version]
            kept = tuple(alias for alias in before.aliases if alias != body.alias)
            self.versions[current.version] = replace(before, aliases=kept)
        if body.verdict:
            if body.verdict.seq not in self.verdicts:
                raise IntegrityError(f"alias {body.alias} moved on a verdict that does not exist", where=where)
            self.spent.add(body.verdict.seq)
        now = self.versions[body.version]
        self.versions[body.version] = replace(now, aliases=tuple(sorted({*now.aliases, body.alias})))
        self.aliases[body.alias] = AliasTarget(body.version, body.commit)

    def _existing(self, version: int, where: str) -> ModelVersion:
        if version not in self.versions:
            raise IntegrityError(f"an entry names version {version}, which does not exist", where=where)
        return self.versions[version]


_CHAIN_HINT = "somebody changed or removed an entry; run mlops-ci workspace check"
