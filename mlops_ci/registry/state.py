"""What a model's log says, once folded. Pure; see ``fold.py`` for how an entry changes it."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from mlops_ci.errors import ConflictError, IntegrityError
from mlops_ci.records.codec import plain
from mlops_ci.records.deployment import DeploymentState
from mlops_ci.records.entry import Body, Envelope, Revealed
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.model_version import ModelVersion


@dataclass(frozen=True, slots=True)
class AliasTarget:
    """Where an alias points, the commit it was moved for, and the entry that moved it."""

    version: int
    commit: str | None
    entry: int


@dataclass(frozen=True, slots=True)
class Reign:
    """The version that an alias was given to, None if it was taken away, once ``after`` was the newest version."""

    after: int
    version: int | None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry with its envelope; ``body`` is None for an operation that this program does not know."""

    envelope: Envelope
    body: Body | None

    def flat(self) -> dict[str, Any]:
        """The entry as one object, as it is stored."""
        return {**plain(self.envelope), **(plain(self.body) if self.body else {})}


@dataclass(frozen=True, slots=True)
class Look:
    """A look at an evaluation set: the digests of what was asked at once, which must all pass.

    ``told`` is what could be known of earlier looks when this one was put on record: for each that had been told to
    have passed, of how many values its gain was one.
    """

    asked: frozenset[str]
    told: tuple[int, ...] = ()


@dataclass(slots=True)
class ModelState:
    """What a model's log says, up to and including entry ``head``.

    ``versions`` are the live ones and ``fingerprints`` tells which is which; both may be kept elsewhere than in memory.
    ``reigns`` are the moves of each alias in their order, ``spent`` the verdicts that moved one, ``looks`` the looks at
    each evaluation set in their order, ``revealed`` what was told of which of them, by number; ``condemned`` the
    uploads that garbage collection has taken, ``deployments`` what serves where.
    """

    model: str
    versions: MutableMapping[int, ModelVersion] = field(default_factory=dict)
    fingerprints: MutableMapping[str, int] = field(default_factory=dict)
    head: int = 0
    head_digest: str | None = None
    last_version: int = 0
    aliases: dict[str, AliasTarget] = field(default_factory=dict)
    reigns: dict[str, list[Reign]] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    spent: set[int] = field(default_factory=set)
    looks: dict[str, tuple[Look, ...]] = field(default_factory=dict)
    revealed: dict[str, dict[int, Revealed]] = field(default_factory=dict)
    condemned: set[str] = field(default_factory=set)
    deployments: dict[str, DeploymentState] = field(default_factory=dict)
    not_understood: list[str] = field(default_factory=list)

    @property
    def next_version(self) -> int:
        """The number of the next version; numbers are never used again."""
        return self.last_version + 1

    def require(self, version: int) -> ModelVersion:
        """Return a version that was there when we last looked.

        Raises:
            ConflictError: somebody has deleted it since.
        """
        found = self.versions.get(version)
        if found is None:
            raise ConflictError(f"v{version} was deleted meanwhile", where=self.model)
        return found

    def with_key(self, commit: str | None, fingerprint: str) -> ModelVersion | None:
        """The version registered for, or linked to, a commit and fingerprint."""
        found = self.with_fingerprint(fingerprint)
        return found if found and commit in (found.commit, *found.links) else None

    def with_fingerprint(self, fingerprint: str) -> ModelVersion | None:
        """The version with a fingerprint, whatever its commit."""
        number = self.fingerprints.get(fingerprint)
        return None if number is None else self.versions[number]

    def alias(self, name: str) -> ModelVersion | None:
        """The version an alias points to."""
        target = self.aliases.get(name)
        return None if target is None else self.versions[target.version]

    def evaluation_on(self, version: int, evaluation_set: str | None) -> Evaluation | None:
        """The recorded evaluation of a version on an evaluation set, or without any set."""
        found = [e for e in self.require(version).evaluations if e.set == evaluation_set]
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
