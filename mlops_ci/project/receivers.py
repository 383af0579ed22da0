"""Those who want to hear of a model, as ``mlops.yaml`` names them. Each kind is a class of its own.

Credentials are never here, only the names of the variables that hold them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mlops_ci.records.event import EventName

GITHUB_TOKEN = "GITHUB_TOKEN"  # noqa: S105 - the name of a variable
AZURE_TOKEN = "SYSTEM_ACCESSTOKEN"  # noqa: S105 - the name of a variable
Texts = dict[str, str]


class Destination(Protocol):
    """How to reach a receiver. ``variable`` holds the credential, or the address where that is a secret."""

    @property
    def variable(self) -> str:
        """The name of that variable."""
        ...


@dataclass(frozen=True, slots=True)
class RepositoryDispatch:
    """Workflows of a GitHub repository that run ``on: repository_dispatch``; ``event`` is its type."""

    repository: str
    event: str
    variable: str


@dataclass(frozen=True, slots=True)
class WorkflowDispatch:
    """One workflow of a GitHub repository, at a branch or tag, with inputs."""

    repository: str
    workflow: str
    ref: str
    inputs: Texts
    variable: str


@dataclass(frozen=True, slots=True)
class GithubDeployment:
    """A deployment of the version's commit to an environment of a GitHub repository."""

    repository: str
    environment: str
    variable: str


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """A run of an Azure pipeline, at a branch of its repository (None: the pipeline's own)."""

    organisation: str
    project: str
    pipeline: int
    branch: str | None
    parameters: Texts
    variables: Texts
    variable: str


@dataclass(frozen=True, slots=True)
class ClassicRelease:
    """A release of a classic Azure release definition; ``artifact`` is the alias that gets the version."""

    organisation: str
    project: str
    definition: int
    artifact: str | None
    variable: str


@dataclass(frozen=True, slots=True)
class AzureWebhook:
    """An incoming webhook of Azure Pipelines, signed in the header that its connection names."""

    organisation: str
    webhook: str
    header: str
    variable: str


@dataclass(frozen=True, slots=True)
class Webhook:
    """Anybody who understands Standard Webhooks."""

    url: str
    variable: str


@dataclass(frozen=True, slots=True)
class EventGrid:
    """A topic of Azure Event Grid."""

    url: str
    variable: str


@dataclass(frozen=True, slots=True)
class Teams:
    """People in a channel of Teams; the address is in the variable."""

    variable: str


@dataclass(frozen=True, slots=True)
class Slack:
    """People in a channel of Slack; the address is in the variable."""

    variable: str


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody who wants to hear of ``event``; of a promotion only if it moved ``alias``. ``name`` is unique."""

    name: str
    event: EventName
    alias: str
    to: Destination
