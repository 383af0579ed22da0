"""The API server of the stand-in."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.parts.faults import Faults
from tests.parts.kubernetes_api import contract
from tests.parts.kubernetes_api.applying import Kept, Manager, look
from tests.parts.kubernetes_api.contract import Asked
from tests.parts.kubernetes_api.pods import READY, Fate, pods_of, status_of
from tests.parts.kubernetes_api.statuses import conflicting, document, refusal
from tests.parts.loopback import Answer, Request, serve

NAMESPACE = "models"
_VERBS = {"GET": "get", "PATCH": "patch", "POST": "create", "DELETE": "delete"}
_REPLICAS = ("spec", "replicas")


@dataclass
class Cluster:
    """The server's state, and how it behaves.

    ``fates`` says what becomes of Deployments by name. ``backend`` gives the address of what runs in the pods of a
    Deployment. ``forbidden`` are verbs and resources that the account may not. A load balancer has an address after
    ``address_after`` looks. ``complaints`` are requests that the API does not have.
    """

    endpoint: str = ""
    token: str = "the-token-of-the-tests"
    fates: dict[str, Fate] = field(default_factory=dict)
    backend: Callable[[dict[str, Any]], str] | None = None
    forbidden: set[tuple[str, str]] = field(default_factory=set)
    address_after: int | None = None
    logs: dict[str, list[str]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    objects: dict[tuple[str, str], Kept] = field(default_factory=dict)
    _count: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def kubeconfig(self, folder: Path, **user: Any) -> Path:
        """A kubeconfig with the context ``test``, by token unless ``user`` says otherwise."""
        file = folder / "kubeconfig"
        context = {"cluster": "test", "user": "test", "namespace": NAMESPACE}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.endpoint}}],
            "users": [{"name": "test", "user": user or {"token": self.token}}],
            "contexts": [{"name": "test", "context": context}],
        }
        file.write_text(yaml.safe_dump(config), "utf-8")
        return file

    def live(self, plural: str, name: str) -> dict[str, Any] | None:
        """An object now."""
        kept = self.objects.get((plural, name))
        return kept.live if kept else None

    def names(self, plural: str) -> list[str]:
        """The names of all objects of a kind."""
        return sorted(name for kind, name in self.objects if kind == plural)

    def put(self, plural: str, manifest: dict[str, Any], manager: str = "kubectl") -> None:
        """An object that somebody else has applied."""
        kept = self._made(manifest)
        kept.apply(Manager(manager, "Apply"), manifest)
        self.objects[plural, manifest["metadata"]["name"]] = kept

    def decide(self, plural: str, name: str, path: tuple[str, ...], value: Any, manager: str) -> None:
        """Somebody else writes a field."""
        self.objects[plural, name].update(Manager(manager, "Update"), path, value)

    def answer(self, request: Request) -> Answer | None:
        """Answer a request."""
        return self.faults.spoil(request, self._answer, lambda status, headers: refusal(status, "no", headers=headers))

    def _answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return refusal(401, "Unauthorized")
        asked = contract.asked(request)
        if isinstance(asked, str):
            self.complaints.append(asked)
            return refusal(404, asked)
        if asked.namespace != NAMESPACE:
            return refusal(404, f'namespaces "{asked.namespace}" not found')
        refused = self._forbidden(asked, request)
        if refused:
            return refused
        if asked.part == "proxy":
            return self._proxied(asked, request)
        with self._lock:
            return self._of_object(asked, request)

    def _forbidden(self, asked: Asked, request: Request) -> Answer | None:
        verb = _VERBS[request.method] if asked.name or request.method != "GET" else "list"
        resource = f"{asked.plural}/{asked.part}" if asked.part else asked.plural
        if (verb, resource) not in self.forbidden:
            return None
        said = f'{resource} is forbidden: User "ci" cannot {verb} resource "{resource}" in the namespace "{NAMESPACE}"'
        return refusal(403, said)

    def _of_object(self, asked: Asked, request: Request) -> Answer:
        if asked.plural == "pods" and asked.part == "log":
            return self._log(asked.name, request)
        if not asked.name:
            return self._list(asked, request)
        kept = self.objects.get((asked.plural, asked.name))
        if request.method == "PATCH" and not asked.part:
            return self._apply(asked, request, kept)
        if kept is None:
            return refusal(404, f'{asked.plural} "{asked.name}" not found')
        if request.method == "PATCH":
            replicas = json.loads(request.body)["spec"]["replicas"]
            kept.update(Manager(request.query["fieldManager"], "Update", "scale"), _REPLICAS, replicas)
            return document({"kind": "Scale", "apiVersion": "autoscaling/v1", "spec": {"replicas": replicas}})
        if request.method == "DELETE":
            return self._delete(asked, request, kept)
        return document(self._shown(asked.plural, kept))

    def _apply(self, asked: Asked, request: Request, kept: Kept | None) -> Answer:
        manifest = contract.object_in(request)
        if isinstance(manifest, str):
            self.complaints.append(manifest)
            return refusal(422, manifest)
        if request.query.get("fieldValidation") != "Strict" or not request.query.get("fieldManager"):
            self.complaints.append("an apply wants a fieldManager, and ours is strict")
        metadata = manifest["metadata"]
        if (metadata["name"], metadata.get("namespace")) != (asked.name, NAMESPACE):
            return refusal(400, "the name of the object does not match the name on the URL")
        if metadata.get("uid") and metadata["uid"] != (kept.live["metadata"]["uid"] if kept else None):
            return refusal(409, "Precondition failed: UID in precondition")
        manager = Manager(request.query["fieldManager"], "Apply")
        if kept is None:
            kept = self.objects[asked.plural, asked.name] = self._made(manifest)
        else:
            found = kept.conflicts(manager, manifest)
            if found and request.query.get("force") != "true":
                return conflicting(found, manifest["apiVersion"])
            selector = ("spec", "selector")
            if asked.plural == "deployments" and look(manifest, selector) != look(kept.live, selector):
                return refusal(422, "spec.selector: Invalid value: field is immutable")
        kept.apply(manager, manifest)
        kept.live["metadata"]["generation"] += 1
        return document(self._shown(asked.plural, kept))

    def _made(self, manifest: dict[str, Any]) -> Kept:
        self._count += 1
        metadata = {
            "name": manifest["metadata"]["name"],
            "namespace": NAMESPACE,
            "uid": f"00000000-0000-4000-8000-{self._count:012}",
            "generation": 0,
        }
        return Kept({"apiVersion": manifest["apiVersion"], "kind": manifest["kind"], "metadata": metadata})

    def _delete(self, asked: Asked, request: Request, kept: Kept) -> Answer:
        options = json.loads(request.body or b"{}")
        uid = (options.get("preconditions") or {}).get("uid")
        if uid and uid != kept.live["metadata"]["uid"]:
            return refusal(409, "Precondition failed: UID in precondition")
        if options.get("propagationPolicy") != "Background":
            self.complaints.append("what a Deployment has made would be left behind")
        del self.objects[asked.plural, asked.name]
        return document({"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def _list(self, asked: Asked, request: Request) -> Answer:
        wanted = dict(item.split("=") for item in request.query.get("labelSelector", "").split(",") if item)
        found = self._pods() if asked.plural == "pods" else self._all(asked.plural)
        items = [item for item in found if wanted.items() <= (item["metadata"].get("labels") or {}).items()]
        return document({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items})

    def _all(self, plural: str) -> list[dict[str, Any]]:
        return [self._shown(kind, kept) for (kind, _), kept in self.objects.items() if kind == plural]

    def _pods(self) -> list[dict[str, Any]]:
        return [
            pod
            for (kind, name), kept in self.objects.items()
            if kind == "deployments"
            for pod in pods_of(kept.live, self.fates.get(name, READY))
        ]

    def _log(self, name: str, request: Request) -> Answer:
        pod = next((pod for pod in self._pods() if pod["metadata"]["name"] == name), None)
        if pod is None:
            return refusal(404, f'pods "{name}" not found')
        if "waiting" in json.dumps(pod["status"]) and not self.logs.get(name):
            return refusal(400, f'container "server" in pod "{name}" is waiting to start: trying and failing to pull')
        assert request.query.get("timestamps") == "true"
        lines = self.logs.get(name, [])[-int(request.query["tailLines"]) :]
        return Answer(200, "".join(f"{line}\n" for line in lines).encode(), {"Content-Type": "text/plain"})

    def _proxied(self, asked: Asked, request: Request) -> Answer:
        service, _, port = asked.name.partition(":")
        found = self.live("services", service)
        if found is None:
            return refusal(404, f'services "{service}" not found')
        selector = found["spec"]["selector"]
        ports = {str(item["port"]) for item in found["spec"]["ports"]}
        ready = [
            item["metadata"]["name"]
            for item in self._all("deployments")
            if selector.items() <= item["spec"]["template"]["metadata"]["labels"].items()
            and item["spec"].get("replicas", 1)
            and self.fates.get(item["metadata"]["name"], READY).ready
        ]
        if not ready or port not in ports or self.backend is None:
            return refusal(503, f'no endpoints available for service "{asked.name}"')
        # The API server keeps the credential that is its own.
        own = {"authorization", "host", "content-length", "connection"}
        headers = {name: value for name, value in request.headers.items() if name not in own}
        base = self.backend(self.objects["deployments", ready[0]].live)
        query = request.target.partition("?")[2]
        url = f"{base}/{asked.rest}" + (f"?{query}" if query else "")
        try:
            reply = requests.request(request.method, url, data=request.body, headers=headers, timeout=30)
        except requests.ConnectionError as error:
            return Answer(503, f"Error trying to reach service: {error}".encode(), {"Content-Type": "text/plain"})
        return Answer(reply.status_code, reply.content, {"Content-Type": reply.headers.get("Content-Type", "")})

    def _shown(self, plural: str, kept: Kept) -> dict[str, Any]:
        shown = deepcopy(kept.live)
        name = shown["metadata"]["name"]
        if plural == "deployments":
            shown["status"] = status_of(shown, self.fates.get(name, READY))
        if plural == "services" and shown["spec"].get("type") == "LoadBalancer" and self.address_after is not None:
            self.address_after -= 1
            ingress = [{"ip": "203.0.113.7"}] if self.address_after < 0 else []
            shown["status"] = {"loadBalancer": {"ingress": ingress} if ingress else {}}
        return shown


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A running stand-in with the empty namespace ``models``."""
    made = Cluster()
    with serve(made.answer) as endpoint:
        made.endpoint = endpoint
        yield made
    assert made.complaints == []
