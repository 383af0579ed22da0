"""Whether an instance is ready, and why not."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from datetime import timedelta
from urllib.parse import urlsplit

from mlops_ci.deployment.target import Target
from mlops_ci.edge.http import Http
from mlops_ci.errors import RemoteError
from mlops_ci.lifecycle.site import Site
from mlops_ci.records.deployment import Instance

READY = "/health/ready"
_LAST_WORDS = 20
_QUOTED = 200
_SHORTEST, _LONGEST = 0.1, 5.0  # seconds between two looks


def wait_until_ready(site: Site, instance: Instance) -> float:
    """Wait until an instance is ready; return for how many seconds.

    Raises:
        RemoteError: it ended, or is not ready in time; with the reason as the target knows it.
    """
    started = site.clock()
    deadline = started + timedelta(seconds=site.timeout)
    pause, told = _SHORTEST, None
    while (why := why_not_ready(site.target, instance)) is not None:
        status = site.target.status(instance)
        if status.condition in {"stopped", "gone"}:
            raise _unready(site, instance, f"it ended before it was ready: {status.detail or why}")
        if site.clock() >= deadline:
            reason = status.detail or why
            raise _unready(site, instance, f"it is not ready after {site.timeout:g} s: {reason}")
        if (news := status.detail) and news != told:
            site.say("wait", news)
            told = news
        site.sleep(pause)
        pause = min(pause * 1.5, _LONGEST)
    return (site.clock() - started).total_seconds()


def why_not_ready(target: Target, instance: Instance) -> str | None:
    """None if an instance says that it is ready."""
    try:
        answer = target.request(instance, "GET", READY)
    except RemoteError as error:
        return error.what
    if answer.status == 200:
        return None
    said = " ".join(answer.body[:_QUOTED].decode("utf-8", errors="replace").split())
    return f"{READY} answers {answer.status}{f': {said}' if said else ''}"


def probe_address(instance: Instance) -> None:
    """Ask for readiness where clients do; an address that only a cluster knows is not asked from here.

    Raises:
        RemoteError: it does not answer there.
    """
    if instance.url is None or (urlsplit(instance.url).hostname or "").endswith((".svc", ".svc.cluster.local")):
        return
    service = Http(instance.url, service="the deployment", credential="the deployment's port")
    service.json("GET", READY.lstrip("/"))


def _unready(site: Site, instance: Instance, what: str) -> RemoteError:
    """The error, once the last words of the instance are told: it is about to be deleted."""
    with suppress(RemoteError):
        for line in deque(site.target.logs(instance), maxlen=_LAST_WORDS):
            site.say("log", line)
    return RemoteError(what, where=instance.place, hint="see what it said above; the timeout is in mlops.yaml")
