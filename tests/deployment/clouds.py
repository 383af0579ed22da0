"""A cluster and a resource group with something that answers in every instance, for tests of both targets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from mlops_ci.deployment.aci import AciTarget
from mlops_ci.deployment.aci_group import group_name
from mlops_ci.deployment.kubernetes import KubernetesTarget
from mlops_ci.deployment.kubernetes_connection import connect
from mlops_ci.deployment.kubernetes_manifests import endpoint_name, instance_name
from mlops_ci.deployment.resource_manager import ResourceManager
from mlops_ci.deployment.target import Order
from mlops_ci.project.deploy import AciPlace, KubernetesPlace, Replicas
from mlops_ci.records.deployment import Instance
from tests.parts import kubernetes_api, resource_manager
from tests.parts.faults import Faults
from tests.parts.loopback import Answer, Request, serve

SECRET = "hunter2-the-secret"
CLUSTER_PLACE = KubernetesPlace(None, None, Replicas(1, 1, 70), "ClusterIP", None, None, None, None, None)
GROUP_PLACE = AciPlace(
    resource_manager.SUBSCRIPTION, resource_manager.GROUP, "westeurope", None, None, None, None, None, None, None
)


def order(number: int = 1, name: str = "shop", **more: Any) -> Order:
    """A version to start."""
    image = f"r.example/fraud@sha256:{number:064x}"
    return Order(name, f"w1-{number}", "fraud", number, image=image, **{"secrets": {"API_KEY": SECRET}, **more})


def answering(image: str) -> Any:
    """A server that says which image it is, and what it was asked."""

    def answer(request: Request) -> Answer:
        if request.path == "/busy":
            return Answer(503, b"busy", {"Retry-After": "1"})
        told = {
            "image": image,
            "method": request.method,
            "target": request.target,
            "body": request.body.decode(),
            "headers": dict(request.headers),
        }
        return Answer(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

    return answer


@dataclass
class Backends:
    """What runs in the instances: a server for each image."""

    stack: ExitStack
    known: dict[str, str] = field(default_factory=dict)

    def of(self, image: str) -> str:
        if image not in self.known:
            self.known[image] = self.stack.enter_context(serve(answering(image)))
        return self.known[image]


class Kubernetes:
    """A cluster, as the tests of all targets see it."""

    def __init__(self, cluster: kubernetes_api.Cluster, folder: Path, backends: Backends) -> None:
        self.fake = cluster
        self.folder = folder
        self.slept: list[float] = []
        cluster.backend = lambda found: backends.of(found["spec"]["template"]["spec"]["containers"][0]["image"])
        self.environ = {"KUBECONFIG": str(cluster.kubeconfig(folder))}
        self.target = self.at(CLUSTER_PLACE)

    @property
    def faults(self) -> Faults:
        return self.fake.faults

    def at(self, place: KubernetesPlace) -> KubernetesTarget:
        """A target of another place in it."""
        connection = connect(place, self.environ, sleep=self.slept.append)
        return KubernetesTarget(place, connection, sleep=self.slept.append)

    def name(self, of: Order) -> str:
        return instance_name(of)

    def settle(self, instance: Instance) -> None:
        """Let what was begun come to its end."""

    def left(self) -> list[str]:
        """All that there is."""
        return sorted("/".join(key) for key in self.fake.objects)

    def reached(self, instance: Instance) -> str:
        """The image that clients reach."""
        assert instance.url == f"http://{endpoint_name('shop')}.models.svc"
        reply = self.target._objects._connection
        path = f"/api/v1/namespaces/models/services/{endpoint_name('shop')}:80/proxy/"
        return str(json.loads(reply.data("GET", path))["image"])

    def occupy(self, of: Order) -> None:
        """Somebody else has an object of this name."""
        labels = {"app": "theirs"}
        spec = {
            "selector": {"matchLabels": labels},
            "replicas": 1,
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "x", "image": "theirs"}]}},
        }
        metadata = {"name": self.name(of), "labels": labels}
        self.fake.put(
            "deployments", {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
        )

    def starts(self, of: Order) -> int:
        """How often it was started."""
        found = self.fake.live("deployments", self.name(of))
        return 1 if found else 0

    def log(self, of: Order, lines: list[str]) -> None:
        """What it has written."""
        pods = [pod["metadata"]["name"] for pod in self.fake._pods()]
        self.fake.logs[next(pod for pod in pods if pod.startswith(self.name(of)))] = lines


class ContainerInstances:
    """A resource group, as the tests of all targets see it."""

    def __init__(self, azure: resource_manager.Azure, backends: Backends) -> None:
        self.fake = azure
        self.slept: list[float] = []
        azure.backend = lambda body: backends.of(body["properties"]["containers"][0]["properties"]["image"])
        self.target = self.at(GROUP_PLACE)

    @property
    def faults(self) -> Faults:
        return self.fake.faults

    def at(self, place: AciPlace, login: tuple[str, str] | None = None) -> AciTarget:
        """A target of another place in it."""
        manager = ResourceManager(self.fake.endpoint, self.fake.token, sleep=self.slept.append)
        return AciTarget(place, manager, login=login, sleep=self.slept.append)

    def name(self, of: Order) -> str:
        return group_name(of)

    def settle(self, instance: Instance) -> None:
        """Let what was begun come to its end."""
        for _ in range(5):
            if self.target.status(instance).condition != "starting":
                return

    def left(self) -> list[str]:
        """All that there is."""
        return sorted(self.fake.groups)

    def reached(self, instance: Instance) -> str:
        """The image that clients reach. Their name server would know the name."""
        assert instance.url
        parts = urlsplit(instance.url)
        assert parts.hostname
        assert parts.hostname.endswith(".westeurope.azurecontainer.io")
        group = self.fake.groups[instance.id.rpartition("/")[2]]
        assert group.view == "Running"
        return str(requests.get(f"http://127.0.0.1:{parts.port}/", timeout=10).json()["image"])

    def occupy(self, of: Order) -> None:
        """Somebody else has a group of this name."""
        self.target.start(of)
        self.fake.groups[self.name(of)].body["tags"] = {"team": "theirs"}
        self.settle(Instance("aci", f"{self.target._groups}/{self.name(of)}", ""))

    def starts(self, of: Order) -> int:
        """How often it was started."""
        return sum(write == f"PUT {self.name(of)}" for write in self.fake.writes)

    def log(self, of: Order, lines: list[str]) -> None:
        """What it has written."""
        self.fake.groups[self.name(of)].log = lines


Cloud = Kubernetes | ContainerInstances


@contextmanager
def kubernetes(folder: Path) -> Iterator[Kubernetes]:
    """A cluster with a namespace."""
    with ExitStack() as stack, kubernetes_api.cluster() as cluster:
        yield Kubernetes(cluster, folder, Backends(stack))


@contextmanager
def container_instances() -> Iterator[ContainerInstances]:
    """A resource group."""
    with ExitStack() as stack, resource_manager.azure() as azure:
        yield ContainerInstances(azure, Backends(stack))
