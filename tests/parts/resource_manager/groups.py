"""A container group of the stand-in, and what becomes of it by script."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Fate:
    """What becomes of a group that is asked for.

    ``error`` is how the operation fails, as (code, message). ``state`` is that of the container once there is one, and
    ``events`` what happened to it. ``looks`` is how often the group is still at work when it is looked at.
    """

    error: tuple[str, str] | None = None
    state: Mapping[str, Any] = field(default_factory=lambda: {"state": "Running", "detailStatus": ""})
    events: tuple[Mapping[str, Any], ...] = ()
    restarts: int = 0
    looks: int = 1


RUNNING = Fate()
PULL_ERROR = Fate(
    state={"state": "Waiting", "detailStatus": "ImagePullBackOff"},
    events=(
        {
            "count": 3,
            "lastTimestamp": "2026-01-01T00:00:05Z",
            "name": "Failed",
            "type": "Warning",
            "message": 'Failed to pull image "r.example/x": unauthorized',
        },
    ),
)
CRASHING = Fate(state={"state": "Waiting", "exitCode": 3, "detailStatus": "CrashLoopBackOff: Back-off"}, restarts=4)
OUT_OF_MEMORY = Fate(state={"state": "Terminated", "exitCode": 137, "detailStatus": "OOMKilled"}, restarts=1)
NO_ROOM = Fate(error=("ContainerGroupDeploymentFailed", "The container group could not be placed: no capacity."))


@dataclass
class Group:
    """A group: the body that made it, and how it is. ``backend`` is the address of what runs in it."""

    id: str
    body: dict[str, Any]
    fate: Fate
    backend: str | None
    state: str = "Pending"
    view: str = "Pending"
    looks: int = 0
    started: int = 1
    log: list[str] = field(default_factory=list)

    def look(self) -> None:
        """Time passes whenever somebody looks."""
        if self.state in {"Pending", "Creating"}:
            self.looks -= 1
            self.state = "Creating"
            if self.looks < 0:
                self.state = "Failed" if self.fate.error else "Succeeded"
                self.view = "Failed" if self.fate.error else "Running"

    def shown(self) -> dict[str, Any]:
        """The group as the service shows it: without what is secret."""
        properties = deepcopy(self.body["properties"])
        properties["provisioningState"] = self.state
        for login in properties.get("imageRegistryCredentials", ()):
            login.pop("password")
        for container in properties["containers"]:
            for variable in container["properties"].get("environmentVariables", ()):
                variable.pop("secureValue", None)
            if self.view == "Running":
                container["properties"]["instanceView"] = {
                    "restartCount": self.fate.restarts,
                    "currentState": dict(self.fate.state),
                    "events": [dict(event) for event in self.fate.events],
                }
        properties["instanceView"] = {"events": [], "state": self.view}
        if self.view == "Running":
            address = properties["ipAddress"]
            label, place = address["dnsNameLabel"], self.body["location"]
            address["fqdn"] = f"{label}.a1b2c3d4e5f6g7h8.{place}.azurecontainer.io"
            address["ip"] = "127.0.0.1"
            if self.backend:
                address["ports"][0]["port"] = urlsplit(self.backend).port
        return {
            "id": self.id,
            "name": self.id.rpartition("/")[2],
            "type": "Microsoft.ContainerInstance/containerGroups",
            "location": self.body["location"],
            "tags": self.body.get("tags", {}),
            "properties": properties,
        }
