"""How an instance is, from what the cluster says of its Deployment and pods. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlops_ci.deployment.target import Status

_PULL = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
_CREATE = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
_LONGEST = 300


def status_of(deployment: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]) -> Status:
    """The status of an instance whose Deployment exists."""
    if deployment["spec"].get("replicas", 1) == 0:
        return Status("stopped")
    told = deployment.get("status") or {}
    conditions = {item["type"]: item for item in told.get("conditions") or ()}
    seen = told.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    detail = next((line for pod in pods for line in _troubles(pod)), None) or _of_deployment(conditions)
    if seen and conditions.get("Available", {}).get("status") == "True":
        return Status("running", detail)
    return Status("starting", detail)


def _of_deployment(conditions: Mapping[str, Mapping[str, Any]]) -> str | None:
    failure = conditions.get("ReplicaFailure", {})
    if failure.get("status") == "True":
        return _line("the cluster makes no pod of it", failure.get("message"))
    progress = conditions.get("Progressing", {})
    if progress.get("reason") == "ProgressDeadlineExceeded":
        return _line("it does not become ready", progress.get("message"))
    return None


def _troubles(pod: Mapping[str, Any]) -> Iterator[str]:
    """What keeps a pod from working, the cause before its consequence."""
    told = pod.get("status") or {}
    for container in told.get("containerStatuses") or ():
        waiting = (container.get("state") or {}).get("waiting") or {}
        ended = (container.get("lastState") or {}).get("terminated") or {}
        ended = (container.get("state") or {}).get("terminated") or ended
        reason = waiting.get("reason", "")
        if reason in _PULL:
            yield _line(f"cannot pull the image ({reason})", waiting.get("message"))
        elif reason in _CREATE:
            yield _line(f"cannot start the container ({reason})", waiting.get("message"))
        elif ended.get("reason") == "OOMKilled":
            yield "out of memory (OOMKilled): give it more by memory"
        elif reason == "CrashLoopBackOff" or (ended and not container.get("ready")):
            yield _line(
                f"the server ends with exit code {ended.get('exitCode', 'unknown')}, started "
                f"{container.get('restartCount', 0) + 1} times" + (f" ({reason})" if reason else ""),
                ended.get("message"),
            )
    for condition in told.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable":
            yield _line("no machine has room for it (Unschedulable)", condition.get("message"))


def _line(what: str, message: Any) -> str:
    """One line; what the cluster says is printed by others, and may hold anything."""
    said = " ".join("".join(letter if letter.isprintable() else " " for letter in str(message or "")).split())
    return f"{what}: {said[:_LONGEST]}" if said else what
