"""Versions in Azure Container Instances: a container group each.

A group that is changed restarts, and nothing divides traffic between two. So each instance is a group of its own with
an address of its own, and to switch means that the recorded address is another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from mlops_ci.deployment.aci_group import (
    CONTAINER,
    address,
    group,
    group_name,
    image,
    is_of,
    is_ours,
    status_of,
    unique_of,
    url,
)
from mlops_ci.deployment.log_polling import polled
from mlops_ci.deployment.resource_manager import BASE, ResourceManager, token_source
from mlops_ci.deployment.target import Answer, Order, Status
from mlops_ci.edge.http_asking import AskingHttp
from mlops_ci.errors import ConflictError, RemoteError, UsageError
from mlops_ci.project.deploy import AciPlace
from mlops_ci.records.deployment import Instance, TargetKind

_MOST_LINES = 10_000


class AciTarget:
    """A resource group. An instance's id is that of its container group in Azure.

    Args:
        place: what the user chose.
        manager: Azure Resource Manager.
        login: user and password of the image's registry.
        sleep: waits between two looks at something.
    """

    def __init__(
        self,
        place: AciPlace,
        manager: ResourceManager,
        *,
        login: tuple[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._place = place
        self._manager = manager
        self._login = login
        self._sleep = sleep
        self._groups = (
            f"/subscriptions/{place.subscription}/resourceGroups/{place.resource_group}"
            "/providers/Microsoft.ContainerInstance/containerGroups"
        )
        self._addresses: dict[str, tuple[str, int]] = {}
        self._operations: dict[str, str] = {}

    @property
    def kind(self) -> TargetKind:
        """Azure Container Instances."""
        return "aci"

    def start(self, order: Order) -> Instance:
        """Make a group, if there is none of this order."""
        name = group_name(order)
        path = f"{self._groups}/{name}"
        instance = self._instance(path, order.image)
        body = group(order, self._place, self._login)
        found = self._manager.get(path)
        if found is not None and not is_of(found, order):
            raise ConflictError(
                "there is a container group of this name that is not this deployment's",
                where=f"{self._place.resource_group}/{name}",
                hint="rename the deployment, or take that group away",
            )
        # To ask again for a group that is there would restart it.
        if found is None or status_of(found).condition == "stopped":
            try:
                reply = self._manager.begin("PUT", path, body, busy=0)
            except RemoteError:
                # The reply to the first attempt may have got lost, and the second met what that one has begun.
                if not is_of(self._manager.get(path) or {}, order):
                    raise
            else:
                self._operations[path] = reply.headers.get("Azure-AsyncOperation", "")
        return instance

    def instances(self, model: str, name: str) -> Mapping[str, Instance]:
        """The groups with a deployment's tags."""
        found = {}
        for item in self._manager.listed(self._groups):
            unique = unique_of(item, model, name)
            if unique:
                # Its own spelling of the id is another, so the path is made as when it was started.
                found[unique] = self._instance(f"{self._groups}/{item['name']}", image(item))
        return found

    def status(self, instance: Instance) -> Status:
        """How the group is, with the reason that Azure has for a failure."""
        found = self._manager.get(instance.id)
        if found is None:
            return Status("gone")
        status = status_of(found)
        operation = self._operations.get(instance.id)
        if operation and status.condition == "stopped":
            return replace(status, detail=self._manager.failure(operation, instance.id) or status.detail)
        return status

    def request(
        self, instance: Instance, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask the group by its number: its name may not be known everywhere yet."""
        known = self._addresses.get(instance.id) or address(self._found(instance))
        if known is None:
            raise RemoteError("the instance has no address yet", where=instance.id.rpartition("/")[2])
        self._addresses[instance.id] = known
        try:
            http = AskingHttp(f"http://{known[0]}:{known[1]}", service="the instance")
            status, body = http.ask(method, path, content, headers or {})
        except RemoteError:
            # A group that was started again has another one.
            del self._addresses[instance.id]
            raise
        return Answer(status, body)

    def switch(self, instance: Instance, previous: Instance | None) -> Instance:  # noqa: ARG002 - it is not changed
        """Tell its address, which is all that there is to do."""
        found = self._found(instance)
        given = url(found)
        if given is None or status_of(found).condition == "stopped":
            where = instance.id.rpartition("/")[2]
            raise RemoteError("the instance does not run, or has no address yet", where=where, hint="deploy it again")
        return replace(instance, url=given)

    def retire(self, instance: Instance) -> None:
        """Stop the group, which then costs nothing. What is gone stays so."""
        found = self._manager.get(instance.id)
        if found is None or status_of(found).condition == "stopped":
            return
        self._require_ours(instance, found)
        self._addresses.pop(instance.id, None)
        self._manager.finish(self._manager.begin("POST", f"{instance.id}/stop"), instance.id)

    def revive(self, instance: Instance) -> Instance:
        """Start the group again."""
        found = self._found(instance)
        if status_of(found).condition == "stopped":
            self._require_ours(instance, found)
            self._manager.finish(self._manager.begin("POST", f"{instance.id}/start"), instance.id)
        return instance

    def delete(self, instance: Instance) -> None:
        """Remove the group."""
        found = self._manager.get(instance.id)
        if found is None:
            return
        self._require_ours(instance, found)
        self._addresses.pop(instance.id, None)
        self._manager.finish(self._manager.begin("DELETE", instance.id), instance.id)

    def logs(self, instance: Instance, *, follow: bool = False) -> Iterator[str]:
        """The last lines of the group's container."""

        def read() -> dict[str, list[str]]:
            path = f"{instance.id}/containers/{CONTAINER}/logs"
            found = self._manager.get(path, tail=str(_MOST_LINES), timestamps="true") or {}
            return {"": str(found.get("content") or "").splitlines()}

        def is_over() -> bool:
            return self.status(instance).condition in {"stopped", "gone"}

        yield from polled(read, is_over, self._sleep, follow=follow)

    def _instance(self, path: str, reference: str | None) -> Instance:
        return Instance("aci", path, f"{self._place.resource_group}, {self._place.location}", image=reference)

    def _found(self, instance: Instance) -> Any:
        found = self._manager.get(instance.id)
        if found is None:
            raise RemoteError("the instance is gone", where=instance.id.rpartition("/")[2], hint="deploy it again")
        return found

    def _require_ours(self, instance: Instance, found: Mapping[str, Any]) -> None:
        if not is_ours(found):
            name = instance.id.rpartition("/")[2]
            raise ConflictError("there is a container group of this name that is not ours", where=name)


def open_aci(place: AciPlace, environ: Mapping[str, str], *, sleep: Callable[[float], None] = time.sleep) -> AciTarget:
    """The target of a place, with the logins that the environment has.

    Raises:
        UsageError: a variable that the place names is not set.
        MissingExtraError: Azure's library is not installed.
    """
    login = None
    if place.registry_user or place.registry_password:
        login = _variable(place.registry_user, environ), _variable(place.registry_password, environ)
    base = environ.get("AZURE_RESOURCE_MANAGER") or BASE
    return AciTarget(place, ResourceManager(base, token_source(base, environ), sleep=sleep), login=login, sleep=sleep)


def _variable(name: str | None, environ: Mapping[str, str]) -> str:
    if name is None:
        raise UsageError("registry_user and registry_password belong together", where="deploy", hint="give both")
    value = environ.get(name)
    if not value:
        raise UsageError(f"the variable {name} is not set", where="deploy", hint="it is for the image's registry")
    return value
