"""How Deployments fare in the stand-in: by script, as their pods become ready or do not."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fate:
    """What becomes of the pods of a Deployment. ``states`` is what their container's status says beyond that."""

    ready: bool = True
    container: Mapping[str, Any] | None = None
    condition: Mapping[str, Any] | None = None
    refused: str | None = None
    """Why the cluster makes no pods at all."""


READY = Fate()
STARTING = Fate(ready=False, container={"state": {"running": {}}})
PULL_ERROR = Fate(
    ready=False,
    container={
        "state": {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "x":\nunauthorized'}}
    },
)
CRASHING = Fate(
    ready=False,
    container={
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}},
        "lastState": {"terminated": {"exitCode": 3, "reason": "Error"}},
        "restartCount": 4,
    },
)
OUT_OF_MEMORY = Fate(
    ready=False,
    container={
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
        "restartCount": 2,
    },
)
UNSCHEDULABLE = Fate(
    ready=False,
    condition={
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
    },
)
OVER_QUOTA = Fate(ready=False, refused='pods "x" is forbidden: exceeded quota: team, requested: limits.cpu=4')


def pods_of(deployment: Mapping[str, Any], fate: Fate) -> list[dict[str, Any]]:
    """The pods of a Deployment now."""
    if fate.refused:
        return []
    name, template = deployment["metadata"]["name"], deployment["spec"]["template"]
    digest = hashlib.sha256(name.encode()).hexdigest()[:10]
    made = []
    for number in range(deployment["spec"].get("replicas", 1)):
        container = {
            "name": template["spec"]["containers"][0]["name"],
            "ready": fate.ready,
            "restartCount": 0,
            "image": template["spec"]["containers"][0]["image"],
            "imageID": "",
            "state": {"running": {}},
            **(fate.container or {}),
        }
        told: dict[str, Any] = {"phase": "Running" if fate.ready else "Pending"}
        if fate.condition:
            told["conditions"] = [dict(fate.condition)]
        else:
            told["containerStatuses"] = [container]
        labels = {**template["metadata"]["labels"], "pod-template-hash": digest}
        made.append(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": f"{name}-{digest}-{number:05}", "labels": labels},
                "status": told,
            }
        )
    return made


def status_of(deployment: Mapping[str, Any], fate: Fate) -> dict[str, Any]:
    """The status of a Deployment now."""
    replicas = deployment["spec"].get("replicas", 1)
    ready = replicas if fate.ready else 0
    conditions = [
        {
            "type": "Available",
            "status": "True" if ready >= replicas else "False",
            "reason": "MinimumReplicasAvailable" if ready >= replicas else "MinimumReplicasUnavailable",
        },
        {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"},
    ]
    if fate.refused:
        conditions.append(
            {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": fate.refused}
        )
    return {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": replicas,
        "readyReplicas": ready,
        "conditions": conditions,
    }
