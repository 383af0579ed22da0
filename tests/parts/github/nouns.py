"""What a repository on GitHub holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.parts.github.tokens import Identity


@dataclass
class Pull:
    """A pull request; ``fork`` is the owner of the head's repository if that is not this one.

    ``merge`` is the commit that merged it, or the test merge while it is open. Comments on a ``locked`` one are
    refused, and one that is ``gone`` was deleted.
    """

    number: int
    head: str
    branch: str
    base: str
    base_branch: str
    fork: str | None
    title: str
    merge: str | None
    opened_at: str
    state: str = "open"
    merged: bool = False
    locked: bool = False
    gone: bool = False
    closed_at: str | None = None


@dataclass
class Comment:
    """A comment on a pull request."""

    id: int
    number: int
    body: str
    author: Identity
    created_at: str
    updated_at: str


@dataclass
class CheckRun:
    """A check run; ``annotations`` are those of all requests together, and ``output`` holds none."""

    id: int
    author: Identity
    name: str
    head_sha: str
    status: str
    conclusion: str | None
    started_at: str
    completed_at: str | None
    details_url: str | None = None
    external_id: str | None = None
    output: dict[str, Any] = field(default_factory=dict)
    annotations: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Dispatch:
    """A ``repository_dispatch``."""

    event_type: str
    client_payload: Mapping[str, Any]
    author: Identity


@dataclass(frozen=True)
class Workflow:
    """A workflow file; ``inputs`` as it declares them. Not each one has the trigger ``workflow_dispatch``."""

    id: int
    inputs: Mapping[str, Mapping[str, Any]]
    dispatchable: bool


@dataclass(frozen=True)
class WorkflowRun:
    """A run that somebody asked for."""

    id: int
    workflow: str
    ref: str
    sha: str
    inputs: Mapping[str, Any]
    author: Identity


@dataclass
class DeploymentStatus:
    """A status of a deployment."""

    id: int
    state: str
    description: str
    log_url: str
    environment_url: str
    author: Identity
    created_at: str


@dataclass
class Deployment:
    """A deployment; the newest of its statuses is the last."""

    id: int
    ref: str
    sha: str
    task: str
    environment: str
    description: str
    payload: Any
    transient: bool
    production: bool
    author: Identity
    created_at: str
    statuses: list[DeploymentStatus] = field(default_factory=list)

    @property
    def state(self) -> str | None:
        """The state it is in."""
        return self.statuses[-1].state if self.statuses else None


@dataclass
class Status:
    """A status of a commit."""

    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    author: Identity
    created_at: str
