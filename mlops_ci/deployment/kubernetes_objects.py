"""Objects in a cluster: applied and deleted as their owner only, with refusals that say what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mlops_ci.deployment.kubernetes_connection import SERVICE, Connection
from mlops_ci.deployment.kubernetes_manifests import INSTANCE, MANAGER, Manifest, Owner
from mlops_ci.deployment.kubernetes_pod import PORT
from mlops_ci.deployment.target import Answer
from mlops_ci.edge.http_failures import PassingError, ResponseError
from mlops_ci.errors import ConflictError, RemoteError

_APPLY = "application/apply-patch+yaml"  # JSON is YAML
_MERGE = "application/merge-patch+json"
_GROUPS = {
    "Secret": ("", "v1", "secrets"),
    "Service": ("", "v1", "services"),
    "Pod": ("", "v1", "pods"),
    "Deployment": ("apps", "v1", "deployments"),
    "HorizontalPodAutoscaler": ("autoscaling", "v2", "horizontalpodautoscalers"),
    "PodDisruptionBudget": ("policy", "v1", "poddisruptionbudgets"),
}
_MANAGERS = re.compile(r'conflict with "([^"]+)"')
_UNREACHED = (b"Error trying to reach service", b"error trying to reach service")


class Objects:
    """The objects of a namespace that are ours."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.namespace = connection.namespace

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """An object; None where there is none of that name."""
        with self._explained("get", kind):
            try:
                found: dict[str, Any] = self._connection.json("GET", self._path(kind, name))
            except ResponseError as error:
                if error.status == 404:
                    return None
                raise
            return found

    def owned(self, kind: str, name: str, owner: Owner) -> dict[str, Any] | None:
        """An object of ours; None where there is none.

        Raises:
            ConflictError: the name is somebody else's.
        """
        found = self.get(kind, name)
        if found is None or owner.has(found):
            return found
        raise ConflictError(
            f"there is a {kind} of this name that is not this deployment's",
            where=f"{self.namespace}/{name}",
            hint="rename the deployment, or take that object away",
        )

    def apply(self, manifest: Manifest, owner: Owner) -> dict[str, Any]:
        """Make an object be as the manifest says, by server-side apply.

        Raises:
            ConflictError: it is somebody else's, or somebody else has decided what we would decide.
        """
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        found = self.owned(kind, name, owner)
        if found:
            # With its uid, so that what takes its name in between is not touched.
            manifest = {**manifest, "metadata": {**manifest["metadata"], "uid": found["metadata"]["uid"]}}
        with self._explained("patch", kind, "create"):
            try:
                return self._apply(manifest, force=False)
            except ResponseError as error:
                if error.status != 409:
                    raise
                others, fields = _conflict(error.document)
                if others == {MANAGER}:
                    # We ourselves, by another kind of write.
                    return self._apply(manifest, force=True)
                who = ", ".join(sorted(others)) or "another manager"
                what = f"{who} decides {', '.join(fields)} of this {kind}" if fields else error.what
                hint = f"let {who} give it up, or take the object away"
                raise ConflictError(what, where=f"{self.namespace}/{name}", hint=hint) from error

    def _apply(self, manifest: Manifest, *, force: bool) -> dict[str, Any]:
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict", "force": "true" if force else "false"}
        path = self._path(manifest["kind"], manifest["metadata"]["name"])
        applied: dict[str, Any] = self._connection.json("PATCH", path, query=query, body=manifest, media=_APPLY)
        return applied

    def scale(self, name: str, replicas: int) -> None:
        """Let a Deployment have so many pods, whoever decided that before."""
        with self._explained("patch", "Deployment", part="scale"):
            self._connection.json(
                "PATCH",
                self._path("Deployment", name) + "/scale",
                query={"fieldManager": MANAGER},
                body={"spec": {"replicas": replicas}},
                media=_MERGE,
            )

    def delete(self, kind: str, name: str, owner: Owner) -> None:
        """Remove an object and what it made; no error where there is none.

        Raises:
            ConflictError: it is somebody else's.
        """
        found = self.owned(kind, name, owner)
        if found is None:
            return
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": found["metadata"]["uid"]},
        }
        with self._explained("delete", kind):
            try:
                self._connection.json("DELETE", self._path(kind, name), body=options)
            except ResponseError as error:
                # 409: it is another one by now, so ours is gone.
                if error.status not in {404, 409}:
                    raise

    def pods(self, instance: str) -> list[dict[str, Any]]:
        """The pods of an instance."""
        return self.listed("Pod", f"{INSTANCE}={instance}")

    def listed(self, kind: str, selector: str) -> list[dict[str, Any]]:
        """The objects with some labels."""
        with self._explained("list", kind):
            found: list[dict[str, Any]] = self._connection.json(
                "GET", self._path(kind), query={"labelSelector": selector}
            )["items"]
        return found

    def log(self, pod: str, query: Mapping[str, str]) -> str:
        """What a pod has written; nothing where its container has not run yet, or the pod is gone."""
        with self._explained("get", "Pod", part="log"):
            try:
                data = self._connection.data("GET", self._path("Pod", pod) + "/log", query=query)
            except ResponseError as error:
                if error.status in {400, 404}:
                    return ""
                raise
        return data.decode("utf-8", "replace")

    def proxied(self, service: str, method: str, path: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """What the pods behind a Service answer, asked through the API server.

        Raises:
            RemoteError: none of them answers.
        """
        way = f"{self._path('Service', service)}:{PORT}/proxy/{path.lstrip('/')}"
        with self._explained("create" if method == "POST" else "get", "Service", part="proxy"):
            try:
                reply = self._connection.exchange(method, way, content=content, headers=headers)
            except PassingError as failure:
                raise failure.error from failure
            error = self._connection.refused(reply, way)
            if reply.status >= 400 and error.document.get("kind") == "Status":
                # The API server speaks, not the instance.
                raise error
            if reply.status >= 500 and reply.data.startswith(_UNREACHED):
                raise RemoteError("the instance does not answer", where=f"{self.namespace}/{service}")
        return Answer(reply.status, reply.data)

    def _path(self, kind: str, name: str = "") -> str:
        group, version, plural = _GROUPS[kind]
        root = f"/apis/{group}/{version}" if group else f"/api/{version}"
        return f"{root}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    @contextmanager
    def _explained(self, verb: str, kind: str, *further: str, part: str = "") -> Iterator[None]:
        """Let a refusal say what we would have to be allowed."""
        try:
            yield
        except ResponseError as error:
            if error.status != 403:
                raise
            group, _, plural = _GROUPS[kind]
            resource = f"{plural}/{part}" if part else plural
            verbs = " and ".join((verb, *further))
            raise RemoteError(
                f"{SERVICE} does not let us {verb} {resource}: {error.what}",
                where=f"namespace {self.namespace}",
                hint=f'a Role has to allow {verbs} on {resource} of the API group "{group}"',
            ) from error


def _conflict(document: Mapping[str, Any]) -> tuple[set[str], list[str]]:
    """Who decides otherwise, and on which fields; nobody where that is another kind of conflict."""
    causes = (document.get("details") or {}).get("causes") or []
    others: set[str] = set()
    fields: list[str] = []
    for cause in causes:
        if cause.get("reason") == "FieldManagerConflict":
            others.update(_MANAGERS.findall(cause.get("message", "")))
            fields.append(str(cause.get("field")))
    return others, fields
