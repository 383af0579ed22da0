"""Where a version of a model comes from, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlops_ci.records.actor import Actor
from mlops_ci.records.commit import Commit
from mlops_ci.records.conversion import Conversion
from mlops_ci.records.deployment import DeploymentStage
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.records.files import FileRecord
from mlops_ci.records.host import Event
from mlops_ci.records.image import Image
from mlops_ci.records.report import CiOutcome
from mlops_ci.records.run import StepRun
from mlops_ci.records.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Act:
    """An entry of the model's log: its number, when it was written, and by whom."""

    entry: int
    time: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class Holding:
    """A time in which an alias pointed to the version.

    ``before`` is the version that it pointed to earlier. ``override`` is the entry of the override that let it move
    against the verdict. ``verdict`` is the entry of the verdict that it moved on, or that whoever moved it ``by_hand``
    relied on; where the log does not say by hand or not, it was if there is no verdict. ``until`` is when ``after``
    took its place, for ``after_reason``; null ``after`` then means that the alias was taken away.
    """

    alias: str
    since: Act
    before: int | None = None
    commit: str | None = None
    verdict: int | None = None
    override: int | None = None
    reason: str | None = None
    until: Act | None = None
    after: int | None = None
    after_reason: str | None = None
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class LinkedCommit:
    """Another commit that makes the very same model."""

    act: Act
    commit: str
    source: Commit | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict on the version."""

    act: Act
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class DatasetUse:
    """A dataset that the version was made with; without the run's record only its digest is known."""

    name: str
    digest: str
    path: str | None = None
    size: int | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Software:
    """The software it was made with: the digest of its lock, and what that pins where the run's record tells."""

    digest: str
    kind: str | None = None
    python: str | None = None
    platform: str | None = None
    packages: int | None = None


@dataclass(frozen=True, slots=True)
class StageReached:
    """A stage that a deployment of the version has reached."""

    act: Act
    deployment: str
    stage: DeploymentStage
    url: str | None = None
    image: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Deletion:
    """The end of a version. Its number is never used again."""

    act: Act
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Lineage:
    """Everything on record of a version, also of one that was deleted.

    ``source`` describes its ``commit``; ``merge`` is the test merge that was checked out instead, if one was. ``dirty``
    says whether the working tree differed from the commit; ``url`` shows the job, whose ``outcome`` is that of its
    report, and ``champion_then`` the version that was the champion when it ended. ``decided`` is the entry of the
    verdict that its promotion is due to, or of the newest one. ``imported`` names the registry that its tags say it was
    brought from. ``serving`` are the deployments that reach clients now. What comes from the record of the run is empty
    or null where that is gone, as ``notes`` say.
    """

    model: str
    version: int
    registered: Act
    fingerprint: str
    digest: str
    files: tuple[FileRecord, ...]
    commit: str | None = None
    source: Commit | None = None
    merge: Commit | None = None
    dirty: bool | None = None
    run: str | None = None
    host: str | None = None
    event: Event | None = None
    url: str | None = None
    outcome: CiOutcome | None = None
    champion_then: int | None = None
    imported: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float | None] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    data_time: str | None = None
    datasets: tuple[DatasetUse, ...] = ()
    software: Software | None = None
    steps: tuple[StepRun, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    judged: tuple[Judged, ...] = ()
    decided: int | None = None
    holdings: tuple[Holding, ...] = ()
    links: tuple[LinkedCommit, ...] = ()
    conversion: Conversion | None = None
    images: tuple[Image, ...] = ()
    stages: tuple[StageReached, ...] = ()
    serving: tuple[str, ...] = ()
    deletion: Deletion | None = None
    notes: tuple[str, ...] = ()

    @property
    def deciding(self) -> Judged | None:
        """The verdict that decided."""
        return next((one for one in self.judged if one.act.entry == self.decided), None)


@dataclass(frozen=True, slots=True)
class Why:
    """Why a version is what it is, in sentences, and the facts that they are made of."""

    text: str
    facts: Lineage


@dataclass(frozen=True, slots=True)
class VersionMetric:
    """A metric of one version; ``held`` are the aliases that ever pointed to it, ``aliases`` those that do now."""

    version: int
    registered: str
    commit: str | None
    metric: str
    value: float | None
    held: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    deleted: bool = False
