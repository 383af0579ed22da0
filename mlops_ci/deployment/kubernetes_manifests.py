"""The objects of a deployment in a cluster: from an order and a place to manifests. Pure.

An instance is a Deployment with a Service of its own, by which it is tried. The Service of the deployment itself is
what clients know; it selects the pods of the one instance that serves.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mlops_ci.deployment.kubernetes_pod import PORT, pod_template
from mlops_ci.deployment.names import host_label, label_value
from mlops_ci.deployment.target import Order
from mlops_ci.project.deploy import KubernetesPlace

MANAGER = "mlops-ci"
INSTANCE = "mlops-ci/instance"
_MANAGED_BY = "app.kubernetes.io/managed-by"
_COMPONENT = "mlops-ci/component"
UNIQUE = "mlops-ci/unique"
_OWNED = (_MANAGED_BY, "mlops-ci/model", "mlops-ci/deployment", _COMPONENT)
_LONGEST_INSTANCE = 52  # a ReplicaSet's name is ten letters longer, and stands in a label

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an object is: a deployment's of a model, whether as part of an instance or as its endpoint."""

    model: str
    deployment: str
    component: Literal["instance", "endpoint"]

    @classmethod
    def of(cls, found: Mapping[str, Any], component: Literal["instance", "endpoint"]) -> Owner:
        """That of an object of ours in the cluster."""
        notes = found["metadata"].get("annotations") or {}
        return cls(notes.get("mlops-ci/model", ""), notes.get("mlops-ci/deployment", ""), component)

    def labels(self) -> dict[str, str]:
        """The labels by which all its objects are known."""
        model, deployment = label_value(self.model), label_value(self.deployment)
        return {
            "app.kubernetes.io/name": model,
            "app.kubernetes.io/instance": deployment,
            "app.kubernetes.io/component": "scoring-server",
            _MANAGED_BY: MANAGER,
            "mlops-ci/model": model,
            "mlops-ci/deployment": deployment,
            _COMPONENT: self.component,
        }

    def selector(self) -> str:
        """What a list of its objects is asked for with."""
        own = self.labels()
        return ",".join(f"{name}={own[name]}" for name in _OWNED)

    def has(self, found: Mapping[str, Any]) -> bool:
        """Whether an object in the cluster is its own."""
        labels, own = found["metadata"].get("labels") or {}, self.labels()
        return all(labels.get(name) == own[name] for name in _OWNED)


def instance_name(order: Order) -> str:
    """The name of an instance's objects; the same for the same order."""
    return host_label(order.name, order.unique, most=_LONGEST_INSTANCE)


def instance_manifests(order: Order, place: KubernetesPlace, namespace: str, replicas: int) -> list[Manifest]:
    """What an instance consists of, in the order in which it is to be made.

    Raises:
        UsageError: the order has no image.
    """
    name, owner = instance_name(order), Owner(order.model, order.name, "instance")
    labels = {
        **owner.labels(),
        INSTANCE: name,
        "app.kubernetes.io/version": label_value(str(order.version)),
        "mlops-ci/version": label_value(str(order.version)),
        **({"mlops-ci/commit": label_value(order.commit)} if order.commit else {}),
    }
    metadata = _metadata(name, namespace, labels, owner)
    metadata["annotations"][UNIQUE] = order.unique
    selector = {"matchLabels": {INSTANCE: name}}
    # First the Deployment, by which an instance is found again: who dies now leaves nothing that nobody knows of.
    made: list[Manifest] = [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": replicas,
                "selector": selector,
                "template": pod_template(order, place, name, labels, metadata["annotations"]),
            },
        }
    ]
    if order.secrets:
        data = {key: base64.b64encode(value.encode()).decode() for key, value in sorted(order.secrets.items())}
        made.append({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data})
    made.append(_service(metadata, name, "ClusterIP", PORT))
    if place.replicas.least > 1:
        budget = {"maxUnavailable": 1, "selector": selector}
        made.append({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": budget})
    return made


def endpoint(owner: Owner, instance: str, place: KubernetesPlace, namespace: str) -> Manifest:
    """The Service that clients know, leading to an instance."""
    name = endpoint_name(owner.deployment)
    return _service(_metadata(name, namespace, owner.labels(), owner), instance, place.service, 80)


def endpoint_name(deployment: str) -> str:
    """The name of the Service that clients know."""
    return host_label(deployment)


def autoscaler(owner: Owner, instance: str, place: KubernetesPlace, namespace: str) -> Manifest | None:
    """What changes the number of an instance's pods with their load; None where that number is fixed."""
    replicas = place.replicas
    if replicas.least == replicas.most:
        return None
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": _metadata(instance, namespace, {**owner.labels(), INSTANCE: instance}, owner),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": instance},
            "minReplicas": replicas.least,
            "maxReplicas": replicas.most,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": replicas.cpu},
                    },
                }
            ],
        },
    }


def _service(metadata: dict[str, Any], instance: str, kind: str, port: int) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {
            "type": kind,
            "selector": {INSTANCE: instance},
            "ports": [{"name": "http", "port": port, "targetPort": PORT, "protocol": "TCP"}],
        },
    }


def _metadata(name: str, namespace: str, labels: dict[str, str], owner: Owner) -> dict[str, Any]:
    # Labels may have had to be shortened; these say it in full.
    notes = {"mlops-ci/model": owner.model, "mlops-ci/deployment": owner.deployment}
    return {"name": name, "namespace": namespace, "labels": labels, "annotations": notes}
