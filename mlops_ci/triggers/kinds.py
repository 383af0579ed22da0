"""All kinds of receivers: to add one, write its file and name it here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mlops_ci.project.receivers import (
    AzureWebhook,
    ClassicRelease,
    EventGrid,
    GithubDeployment,
    PipelineRun,
    Receiver,
    RepositoryDispatch,
    Slack,
    Teams,
    Webhook,
    WorkflowDispatch,
)
from mlops_ci.records.event import CloudEvent
from mlops_ci.triggers import (
    azure_webhook,
    chat,
    classic_release,
    event_grid,
    github_deployment,
    pipeline_run,
    repository_dispatch,
    webhook,
    workflow_dispatch,
)
from mlops_ci.triggers.call import Means, Talk

Make = Callable[[CloudEvent, Any, Means], Talk]


@dataclass(frozen=True, slots=True)
class Kind:
    """How to tell a receiver of an event, and where it can be asked, how to ask whether it has heard of it."""

    tell: Make
    ask: Make | None = None


KINDS: dict[type, Kind] = {
    RepositoryDispatch: Kind(repository_dispatch.tell),
    WorkflowDispatch: Kind(workflow_dispatch.tell),
    GithubDeployment: Kind(github_deployment.tell, github_deployment.ask),
    PipelineRun: Kind(pipeline_run.tell),
    ClassicRelease: Kind(classic_release.tell),
    AzureWebhook: Kind(azure_webhook.tell),
    Webhook: Kind(webhook.tell),
    EventGrid: Kind(event_grid.tell),
    Teams: Kind(chat.tell_teams),
    Slack: Kind(chat.tell_slack),
}


def kind_of(receiver: Receiver) -> Kind:
    """The kind of a receiver."""
    return KINDS[type(receiver.to)]
