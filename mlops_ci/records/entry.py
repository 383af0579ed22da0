"""The entries of a model's log. Each is an envelope plus the fields of its operation, flat in one object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mlops_ci.records.actor import Actor
from mlops_ci.records.commit import Commit
from mlops_ci.records.conversion import Conversion
from mlops_ci.records.deployment import DeploymentStage, Instance, SmokeTest
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.files import FileRecord
from mlops_ci.records.image import Image
from mlops_ci.records.model_card import CardText
from mlops_ci.records.model_explanation import KeptExplanation
from mlops_ci.records.signature import Signature
from mlops_ci.records.verdict import Outcome, Verdict

LOG_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every entry carries.

    ``prev`` is the digest of the previous entry's bytes (null in the first); ``txn`` lets a writer
    recognise its own entry after a lost reply; a reader that does not know ``op`` may skip the entry unless
    it ``must_understand``.
    """

    format: int
    op: str
    must_understand: bool
    seq: int
    prev: str | None
    txn: str
    time: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class Register:
    """A new version, whose objects lie under ``attempt``; ``samples`` are real rows to try an endpoint with."""

    version: int
    commit: str | None
    fingerprint: str
    digest: str
    attempt: str
    files: tuple[FileRecord, ...]
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float | None] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    datasets: dict[str, str] = field(default_factory=dict)
    data_time: str | None = None
    environment: str | None = None
    run: str | None = None
    source: Commit | None = None
    signature: Signature | None = None
    evaluation: Evaluation | None = None
    samples: FileRecord | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """Another commit that produces an existing version."""

    version: int
    commit: str
    source: Commit | None = None


@dataclass(frozen=True, slots=True)
class Evaluated:
    """New predictions of an existing version: on another evaluation set, or by a changed evaluation."""

    version: int
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict on a version."""

    version: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class VerdictReference:
    """The verdict an alias moved on: entry, digest of the judged candidate, outcome."""

    seq: int
    candidate: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody lets a version have an alias though its newest verdict did not; written before the alias moves."""

    version: int
    alias: str
    verdict: VerdictReference
    reason: str


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias moved to ``version``, away from ``expect`` (null: it did not exist).

    ``commit`` is the commit it was promoted for, which a link can make another than the version's own; ``override`` is
    the entry of the override that lets it move, if the verdict does not. ``by_hand`` says that a person decided,
    whatever the verdict was; null in entries of before that was written.
    """

    alias: str
    version: int
    expect: int | None
    commit: str | None = None
    verdict: VerdictReference | None = None
    reason: str | None = None
    override: int | None = None
    by_hand: bool | None = None


@dataclass(frozen=True, slots=True)
class Unalias:
    """An alias that is no more; it pointed to ``expect``."""

    alias: str
    expect: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Tag:
    """Tags set on and removed from a version."""

    version: int
    set: dict[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Protect:
    """A version that must not be deleted while ``deployment`` serves it; written before the deployment starts.

    ``deployment`` may also be the name under which a person keeps it, after ``hold:``; ``reason`` says what for.
    """

    version: int
    deployment: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """The end of a protection: the deployment is gone, or somebody vouches for that (``forced``, with a reason)."""

    version: int
    deployment: str
    forced: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """A version that is no more. Its number is never used again; its commit and fingerprint may be registered anew."""

    version: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Looks:
    """Comparisons on one evaluation set that are about to be revealed, each a digest of what is compared and how."""

    evaluation_set: str
    looks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Revealed:
    """What is about to be told of a look: whether it passed, and of how many ``values`` a gain that is told is one.

    ``look`` is its number among the looks at the evaluation set, from 1. Written only where nothing else is told.
    """

    evaluation_set: str
    look: int
    passed: bool
    values: int = 1


@dataclass(frozen=True, slots=True)
class Collect:
    """Uploads that no version refers to; their objects are deleted after this entry, and no later one may use them."""

    attempts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Converted:
    """What came of converting a version to ONNX; the newest counts."""

    version: int
    conversion: Conversion


@dataclass(frozen=True, slots=True)
class Explained:
    """Which inputs matter to a version; a version has one explanation."""

    version: int
    explanation: KeptExplanation


@dataclass(frozen=True, slots=True)
class Described:
    """What the people behind a version say of it; the newest counts."""

    version: int
    card: CardText


@dataclass(frozen=True, slots=True)
class Imaged:
    """A container image of a version."""

    version: int
    image: Image


@dataclass(frozen=True, slots=True)
class Deployed:
    """A stage that the deployment of a version has reached; ``instance`` is known once the target has started it.

    ``serving`` says that clients reach this version from now on, instead of the one that served before.
    """

    version: int
    deployment: str
    stage: DeploymentStage
    instance: Instance | None = None
    smoke: SmokeTest | None = None
    reason: str | None = None


Body = (
    Register
    | Link
    | Evaluated
    | Judged
    | Override
    | Alias
    | Unalias
    | Tag
    | Protect
    | Release
    | Delete
    | Looks
    | Revealed
    | Collect
    | Converted
    | Explained
    | Described
    | Imaged
    | Deployed
)

OfVersion = (
    Link | Evaluated | Judged | Override | Tag | Protect | Release | Delete | Converted | Explained | Described | Imaged
)
"""What changes one version and nothing else."""
