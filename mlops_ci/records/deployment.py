"""Where a model version is served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TargetKind = Literal["process", "docker", "kubernetes", "aci"]
DeploymentStage = Literal["starting", "serving", "healthy", "unhealthy", "failed", "retired", "deleted"]


@dataclass(frozen=True, slots=True)
class Instance:
    """One version running on a target.

    ``id`` is what the target calls it, and ``place`` where that is, in words for people; ``url`` is where clients reach
    it once it serves; ``image`` the reference with digest.
    """

    target: TargetKind
    id: str
    place: str
    url: str | None = None
    image: str | None = None


@dataclass(frozen=True, slots=True)
class SmokeTest:
    """Real rows sent to an instance before it serves.

    ``compared`` are those whose recorded prediction is known, ``differing`` how many of them were answered otherwise,
    ``worst`` the largest difference of a number. ``seconds`` is how long it took to become ready.
    """

    rows: int
    compared: int
    differing: int
    worst: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Trial:
    """A version that is being tried, by the number of the log entry that began it: of two, the later one counts."""

    version: int
    entry: int
    since: str
    actor: str


@dataclass(frozen=True, slots=True)
class DeploymentState:
    """A deployment, as the log tells it: what serves, and what it replaced and can go back to.

    Without an ``instance`` nothing has served yet, and ``version`` is that of the trial. ``since`` is when the version
    began to serve, ``checked`` when it was last found to be healthy or not, having been otherwise before.
    """

    name: str
    stage: DeploymentStage
    version: int
    instance: Instance | None
    since: str
    actor: str
    previous: int | None = None
    previous_instance: Instance | None = None
    smoke: SmokeTest | None = None
    reason: str | None = None
    checked: str | None = None
    trial: Trial | None = None

    @property
    def needed(self) -> frozenset[int]:
        """The versions that must not be deleted: what serves, what it can go back to, what is being tried."""
        tried = self.trial.version if self.trial else None
        return frozenset(version for version in (self.version, self.previous, tried) if version is not None)
