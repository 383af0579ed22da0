"""Versions in a Kubernetes cluster, such as AKS."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from mlops_ci.deployment.kubernetes_connection import Connection
from mlops_ci.deployment.kubernetes_manifests import (
    UNIQUE,
    Owner,
    autoscaler,
    endpoint,
    endpoint_name,
    instance_manifests,
    instance_name,
)
from mlops_ci.deployment.kubernetes_objects import Objects
from mlops_ci.deployment.kubernetes_pod import CONTAINER
from mlops_ci.deployment.kubernetes_status import status_of
from mlops_ci.deployment.log_polling import polled
from mlops_ci.deployment.target import Answer, Order, Status
from mlops_ci.errors import ConflictError, RemoteError
from mlops_ci.project.deploy import KubernetesPlace
from mlops_ci.records.deployment import Instance, TargetKind

_MOST_LINES = 10_000  # of a pod's log
_ADDRESS_PATIENCE = 180.0  # seconds that a load balancer gets to have an address
_ADDRESS_PAUSE = 3.0


class KubernetesTarget:
    """A namespace of a cluster. An instance's id is ``NAMESPACE/NAME``.

    Args:
        place: what the user chose.
        connection: to the cluster.
        sleep: waits between two looks at something.
    """

    def __init__(
        self, place: KubernetesPlace, connection: Connection, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._place = place
        self._objects = Objects(connection)
        self._context = connection.context
        self._sleep = sleep

    @property
    def kind(self) -> TargetKind:
        """Kubernetes."""
        return "kubernetes"

    def start(self, order: Order) -> Instance:
        """Make the Deployment and what belongs to it."""
        name, owner = instance_name(order), Owner(order.model, order.name, "instance")
        found = self._objects.owned("Deployment", name, owner)
        # How many there are is not ours to say again: an autoscaler may have decided since.
        replicas = found["spec"].get("replicas", 1) if found else self._place.replicas.least
        for manifest in instance_manifests(order, self._place, self._objects.namespace, replicas):
            self._objects.apply(manifest, owner)
        if replicas == 0:
            self._objects.scale(name, self._place.replicas.least)
        return self._instance(name, order.image)

    def instances(self, model: str, name: str) -> Mapping[str, Instance]:
        """The Deployments with a deployment's labels."""
        owner = Owner(model, name, "instance")
        found = {}
        for item in self._objects.listed("Deployment", owner.selector()):
            unique = (item["metadata"].get("annotations") or {}).get(UNIQUE)
            if unique and Owner.of(item, "instance") == owner:
                image = item["spec"]["template"]["spec"]["containers"][0].get("image")
                found[unique] = self._instance(item["metadata"]["name"], image)
        return found

    def status(self, instance: Instance) -> Status:
        """How its Deployment is, and what is wrong with its pods."""
        name = self._name(instance)
        found = self._objects.get("Deployment", name)
        if found is None:
            return Status("gone")
        return status_of(found, self._objects.pods(name))

    def request(
        self, instance: Instance, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask one of its pods through the API server: from outside the cluster nothing else reaches them."""
        return self._objects.proxied(self._name(instance), method, path, content, _through_a_proxy(headers or {}))

    def switch(self, instance: Instance, previous: Instance | None) -> Instance:
        """Let the deployment's Service select its pods, and its load decide how many there are."""
        name = self._name(instance)
        before = self._name(previous) if previous is not None and previous.id != instance.id else None
        owner = self._owner(name)
        if self._deployment(name)["spec"].get("replicas", 1) == 0:
            raise RemoteError("the instance is stopped", where=instance.id, hint="deploy it again")
        scaler = autoscaler(owner, name, self._place, self._objects.namespace)
        if scaler:
            self._objects.apply(scaler, owner)
        stable = replace(owner, component="endpoint")
        service = self._objects.apply(endpoint(stable, name, self._place, self._objects.namespace), stable)
        if before:
            self._objects.delete("HorizontalPodAutoscaler", before, owner)
        return replace(instance, url=self._url(service))

    def retire(self, instance: Instance) -> None:
        """Leave it without pods; the autoscaler goes first, or would bring them back. What is gone stays so."""
        name = self._name(instance)
        if self._objects.get("Deployment", name) is None:
            return
        owner = self._owner(name)
        self._objects.delete("HorizontalPodAutoscaler", name, owner)
        self._objects.scale(name, 0)

    def revive(self, instance: Instance) -> Instance:
        """Give it pods again, if it has none."""
        name = self._name(instance)
        self._owner(name)
        if self._deployment(name)["spec"].get("replicas", 1) == 0:
            self._objects.scale(name, self._place.replicas.least)
        return instance

    def delete(self, instance: Instance) -> None:
        """Remove its objects; also the deployment's Service if that would lead nowhere then."""
        name = self._name(instance)
        if self._objects.get("Deployment", name) is None:
            return
        owner = self._owner(name)
        stable = self._objects.get("Service", endpoint_name(owner.deployment))
        public = replace(owner, component="endpoint")
        if stable and public.has(stable) and name in (stable["spec"].get("selector") or {}).values():
            self._objects.delete("Service", endpoint_name(owner.deployment), public)
        # The Deployment last: by it a second attempt finds what the first one has left.
        for kind in ("HorizontalPodAutoscaler", "PodDisruptionBudget", "Secret", "Service", "Deployment"):
            self._objects.delete(kind, name, owner)

    def logs(self, instance: Instance, *, follow: bool = False) -> Iterator[str]:
        """The last lines of all pods, in the order of time, each after the pod's name."""
        name = self._name(instance)
        query = {"container": CONTAINER, "timestamps": "true", "tailLines": str(_MOST_LINES)}

        def read() -> dict[str, list[str]]:
            names = sorted(str(pod["metadata"]["name"]) for pod in self._objects.pods(name))
            return {pod: self._objects.log(pod, query).splitlines() for pod in names}

        def is_over() -> bool:
            return self.status(instance).condition in {"stopped", "gone"} and not self._objects.pods(name)

        yield from polled(read, is_over, self._sleep, follow=follow)

    def _instance(self, name: str, image: str | None) -> Instance:
        place = f"namespace {self._objects.namespace} of {self._context}"
        return Instance("kubernetes", f"{self._objects.namespace}/{name}", place, image=image)

    def _name(self, instance: Instance) -> str:
        namespace, _, name = instance.id.rpartition("/")
        if namespace != self._objects.namespace:
            raise ConflictError(
                f"the instance is in the namespace {namespace}, and the deployment in {self._objects.namespace}",
                where=instance.id,
                hint="give the deployment its old namespace until the instance is deleted",
            )
        return name

    def _deployment(self, name: str) -> dict[str, Any]:
        found = self._objects.get("Deployment", name)
        if found is None:
            raise RemoteError("the instance is gone", where=f"{self._objects.namespace}/{name}", hint="deploy it again")
        return found

    def _owner(self, name: str) -> Owner:
        found = self._deployment(name)
        owner = Owner.of(found, "instance")
        if not owner.has(found):
            raise ConflictError(
                "there is a Deployment of this name that is not ours", where=f"{self._objects.namespace}/{name}"
            )
        return owner

    def _url(self, service: dict[str, Any]) -> str:
        """The load balancer's address once it has one, else the name inside the cluster."""
        name = service["metadata"]["name"]
        waited = 0.0
        while service["spec"].get("type") == "LoadBalancer":
            for entry in ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
                host = entry.get("hostname") or entry.get("ip")
                if host:
                    return f"http://[{host}]" if ":" in host else f"http://{host}"
            if waited >= _ADDRESS_PATIENCE:
                break
            self._sleep(_ADDRESS_PAUSE)
            waited += _ADDRESS_PAUSE
            service = self._objects.get("Service", name) or service
        return f"http://{name}.{self._objects.namespace}.svc"


def _through_a_proxy(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with a server's key where the API server leaves it: Authorization it takes for its own."""
    kept = {}
    for name, value in headers.items():
        scheme, _, key = value.partition(" ")
        if name.lower() == "authorization" and scheme.lower() == "bearer":
            kept["x-api-key"] = key
        else:
            kept[name] = value
    return kept
