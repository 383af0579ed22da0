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
class DeploymentState:
    """A deployment, as the log tells it: what serves, and what it replaced and can go back to."""

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
