"""Publishes to a topic of Azure Event Grid, in the envelope in which Azure Machine Learning tells of its models.

https://learn.microsoft.com/azure/event-grid/event-schema-machine-learning. There promotions and deployments have no
event, so that they have types of ours.
"""

from __future__ import annotations

from typing import Any

from mlops_ci.project.receivers import EventGrid
from mlops_ci.records.event import CloudEvent, EventName
from mlops_ci.triggers.call import Means, Talk, json_call
from mlops_ci.triggers.fitting import fitting

_TYPES: dict[EventName, str] = {
    "model-registered": "Microsoft.MachineLearningServices.ModelRegistered",
    "model-promoted": "mlops-ci.ModelPromoted",
    "model-deployed": "mlops-ci.ModelDeployed",
    "deployment-failed": "mlops-ci.DeploymentFailed",
    "deployment-deleted": "mlops-ci.DeploymentDeleted",
}
_LARGEST = 1_000_000
_KEY = "aeg-sas-key"


def tell(event: CloudEvent, to: EventGrid, means: Means) -> Talk:
    """One request, of a list of one."""
    separator = "&" if "?" in to.url else "?"
    url = to.url if "api-version=" in to.url else f"{to.url}{separator}api-version=2018-01-01"
    document = fitting(event, lambda fitted: [_envelope(fitted)], _LARGEST)
    hints = dict.fromkeys((401, 403), f"check that {to.variable} holds a key of the topic")
    yield json_call("Event Grid", url, document, {_KEY: means.secret}, secret=_KEY, hints=hints)
    return None


def _envelope(event: CloudEvent) -> dict[str, Any]:
    news = event.data
    known = {
        "alias": news.alias,
        "commit": news.commit,
        "deployment": news.deployment,
        "digest": news.digest,
        "endpoint": news.endpoint,
        "image": news.image,
        "previous": None if news.previous is None else str(news.previous),
        "reason": news.reason,
        "run": news.run,
        "source": event.source,
        "target": news.target,
        "verdict": news.verdict,
        "workspace": news.workspace,
    }
    return {
        "id": event.id,
        "subject": event.subject,
        "eventType": _TYPES[news.event],
        "eventTime": event.time,
        "dataVersion": "1.0",
        "data": {
            "ModelName": news.model,
            "ModelVersion": str(news.version),
            "ModelTags": news.tags,
            "ModelProperties": {name: value for name, value in known.items() if value is not None},
        },
    }
