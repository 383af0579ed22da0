"""The section ``deploy`` of ``mlops.yaml``. Each kind of target has a class of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlops_ci.project.durations import seconds


@dataclass(frozen=True, slots=True)
class ProcessPlace:
    """This machine; ``port`` None is a free one."""

    port: int | None


@dataclass(frozen=True, slots=True)
class DockerPlace:
    """The local Docker Engine. ``cpu`` in processors, ``memory`` such as ``512Mi``; None: without limit."""

    port: int | None
    cpu: float | None
    memory: str | None
    gpu: int | None


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many instances; with ``least`` below ``most``, by the load of the processors in per cent."""

    least: int
    most: int
    cpu: int


@dataclass(frozen=True, slots=True)
class KubernetesPlace:
    """A cluster, by context of the kubeconfig (None: the current one) and namespace (None: that of the context)."""

    context: str | None
    namespace: str | None
    replicas: Replicas
    service: str
    pull_secret: str | None
    instance_type: str | None
    cpu: float | None
    memory: str | None
    gpu: int | None


@dataclass(frozen=True, slots=True)
class AciPlace:
    """Azure Container Instances. ``registry_user`` and ``registry_password`` are names of variables."""

    subscription: str
    resource_group: str
    location: str
    dns_label: str | None
    cpu: float | None
    memory: str | None
    gpu: int | None
    gpu_type: str | None
    registry_user: str | None
    registry_password: str | None


Place = ProcessPlace | DockerPlace | KubernetesPlace | AciPlace
_COMMON = frozenset({"target", "alias", "timeout", "tolerance", "env", "tags"})
_RESOURCES = frozenset({"cpu", "memory", "gpu"})
_KEYS = {
    "process": frozenset({"port"}),
    "docker": _RESOURCES | {"port"},
    "kubernetes": _RESOURCES | {"context", "namespace", "replicas", "service", "pull_secret", "instance_type"},
    "aci": _RESOURCES
    | {
        "subscription", "resource_group", "location", "dns_label", "gpu_type", "registry_user", "registry_password"
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeployChoice:
    """A deployment. ``timeout`` is in seconds; ``env`` are variables of the job that the server sees.

    ``tags`` are patterns, such as ``v*``: ``ci`` deploys the version of a commit that gets such a tag.
    """

    name: str
    alias: str
    timeout: float
    tolerance: float
    env: tuple[str, ...]
    place: Place
    tags: tuple[str, ...] = ()


def deploy_findings(value: dict[str, Any]) -> list[tuple[tuple[str | int, ...], str, str | None]]:
    """Keys that mean nothing to their target: where, what, and what to do."""
    found: list[tuple[tuple[str | int, ...], str, str | None]] = []
    for name, item in value.items():
        known = _COMMON | _KEYS[item["target"]]
        for key in item:
            if key not in known:
                hint = f"keys of it: {', '.join(sorted(_KEYS[item['target']]))}"
                found.append((("deploy", name, key), f"the target {item['target']} has no {key}", hint))
        replicas = item.get("replicas")
        if isinstance(replicas, dict) and replicas.get("min", 1) > replicas["max"]:
            found.append((("deploy", name, "replicas"), "min is above max", None))
    return found


def build_deploy(value: dict[str, Any]) -> tuple[DeployChoice, ...]:
    """The section as values; its form was checked by the schema."""
    return tuple(
        DeployChoice(
            name=name,
            alias=item.get("alias", "champion"),
            timeout=seconds(item.get("timeout", "5m")),
            tolerance=float(item.get("tolerance", 1e-4)),
            env=tuple(item.get("env", ())),
            place=_place(item),
            tags=tuple(item.get("tags", ())),
        )
        for name, item in value.items()
    )


def _place(item: dict[str, Any]) -> Place:
    cpu, memory, gpu = _processors(item.get("cpu")), item.get("memory"), item.get("gpu")
    match item["target"]:
        case "process":
            return ProcessPlace(item.get("port"))
        case "docker":
            return DockerPlace(item.get("port"), cpu, memory, gpu)
        case "kubernetes":
            return KubernetesPlace(
                context=item.get("context"),
                namespace=item.get("namespace"),
                replicas=_replicas(item.get("replicas", 1)),
                service=item.get("service", "ClusterIP"),
                pull_secret=item.get("pull_secret"),
                instance_type=item.get("instance_type"),
                cpu=cpu,
                memory=memory,
                gpu=gpu,
            )
        case _:
            return AciPlace(
                subscription=item["subscription"],
                resource_group=item["resource_group"],
                location=item["location"],
                dns_label=item.get("dns_label"),
                cpu=cpu,
                memory=memory,
                gpu=gpu,
                gpu_type=item.get("gpu_type"),
                registry_user=item.get("registry_user"),
                registry_password=item.get("registry_password"),
            )


def _replicas(value: int | dict[str, int]) -> Replicas:
    if isinstance(value, int):
        return Replicas(value, value, 70)
    return Replicas(value.get("min", 1), value["max"], value.get("cpu", 70))


def _processors(value: float | str | None) -> float | None:
    if isinstance(value, str):
        return float(value[:-1]) / 1000 if value.endswith("m") else float(value)
    return None if value is None else float(value)
