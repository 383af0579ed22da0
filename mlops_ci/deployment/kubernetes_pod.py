"""The pod of an instance, as Kubernetes wants it described. Pure.

Fields are those of https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/.
"""

from __future__ import annotations

from typing import Any

from mlops_ci.deployment.target import Order
from mlops_ci.errors import UsageError
from mlops_ci.project.deploy import KubernetesPlace

PORT = 8080
CONTAINER = "server"
_USER = 65532
_DRAIN = 25  # seconds: the server's own limit, see records/serving.py
_GRACE = _DRAIN + 20
# What a pod asks for that nobody sized: without a request, the load of the processors has no per cent.
_LEAST_CPU = 0.25
_LEAST_MEMORY = "256Mi"


def pod_template(
    order: Order, place: KubernetesPlace, name: str, labels: dict[str, str], annotations: dict[str, str]
) -> dict[str, Any]:
    """The template of the pods of the instance ``name``.

    Raises:
        UsageError: the order has no image.
    """
    if order.image is None:
        raise UsageError("Kubernetes runs images, and this version has none", hint="mlops-ci image build --push")
    spec: dict[str, Any] = {
        # The server asks the cluster for nothing, and variables about other services could be taken for its own.
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _GRACE,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": key,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"mlops-ci/instance": name}},
            }
            for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
        ],
        "containers": [_container(order, place, name, order.image)],
        # The root of the file system is read-only; here are scratch files and the spool of collected requests.
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}],
    }
    if place.instance_type:
        spec["nodeSelector"]["node.kubernetes.io/instance-type"] = place.instance_type
    if place.pull_secret:
        spec["imagePullSecrets"] = [{"name": place.pull_secret}]
    if place.gpu:
        # How clusters keep other pods off their GPUs: the vendor's way, and that of the documents of AKS.
        spec["tolerations"] = [
            {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
            {"key": "sku", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"},
        ]
    return {"metadata": {"labels": labels, "annotations": annotations}, "spec": spec}


def _container(order: Order, place: KubernetesPlace, name: str, image: str) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": CONTAINER,
        "image": image,
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        # A reference with digest cannot change, so what a node has need not be pulled again.
        "imagePullPolicy": "IfNotPresent",
        "resources": _resources(place),
        "startupProbe": _probe("/health/live", every=2, failures=150),
        "livenessProbe": _probe("/health/live", every=10, failures=3),
        "readinessProbe": _probe("/health/ready", every=5, failures=2),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - a folder of its own
    }
    if order.environ:
        # Kubernetes would replace $(NAME) in a value; a doubled $ is one.
        container["env"] = [
            {"name": key, "value": value.replace("$", "$$")} for key, value in sorted(order.environ.items())
        ]
    if order.secrets:
        container["envFrom"] = [{"secretRef": {"name": name}}]
    return container


def _resources(place: KubernetesPlace) -> dict[str, Any]:
    cpu, memory = place.cpu or _LEAST_CPU, place.memory or _LEAST_MEMORY
    requests = {"cpu": f"{max(1, round(cpu * 1000))}m", "memory": memory}
    limits = {}
    if place.cpu:
        limits["cpu"] = requests["cpu"]
    if place.memory:
        limits["memory"] = memory
    if place.gpu:
        requests["nvidia.com/gpu"] = limits["nvidia.com/gpu"] = str(place.gpu)
    return {"requests": requests, **({"limits": limits} if limits else {})}


def _probe(path: str, *, every: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": PORT, "scheme": "HTTP"},
        "periodSeconds": every,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }
