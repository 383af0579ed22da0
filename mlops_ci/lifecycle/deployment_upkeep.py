"""What is done about deployments later: see whether they are well, take them down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mlops_ci.deployment.target import Status
from mlops_ci.errors import MlopsError, RemoteError, UsageError
from mlops_ci.lifecycle.readiness import why_not_ready
from mlops_ci.lifecycle.site import Site
from mlops_ci.lifecycle.smoke import smoke_test
from mlops_ci.lifecycle.tidying import give_back, tidy
from mlops_ci.records.deployment import Instance, SmokeTest, Trial
from mlops_ci.records.samples import Samples
from mlops_ci.registry.deploy import record_deleted, record_failed, record_health, release_unneeded

_ABANDONED = timedelta(hours=1)  # on top of the time that a version may take: an image is made before


@dataclass(frozen=True, slots=True)
class Checked:
    """How a deployment is; ``changed`` says that it was otherwise before. ``trial`` is one that is under way."""

    name: str
    version: int
    health: Literal["healthy", "unhealthy", "starting"]
    changed: bool = False
    reason: str | None = None
    url: str | None = None
    since: str | None = None
    smoke: SmokeTest | None = None
    trial: Trial | None = None


def check(site: Site, samples_of: Callable[[int], Samples | None]) -> Checked | None:
    """See how what serves is, write it down if it has changed, and tidy up; None if there is nothing to look at."""
    known = site.known
    if known and known.trial and is_abandoned(site, known.trial):
        site.say("tidy", f"the trial of v{known.trial.version} that {known.trial.actor} began was given up")
        record_failed(site.log, site.name, known.trial, "abandoned")
        give_back(site)
        known = site.known
    if known is None or known.instance is None:
        tidy(site)
        return Checked(site.name, known.version, "starting", trial=known.trial) if known else None
    smoke: SmokeTest | None = None
    reason: str | None = None
    samples, status = samples_of(known.version), site.target.status(known.instance)  # else nobody knows how it is
    try:
        smoke = _examine(site, known.instance, status, samples)
    except MlopsError as error:
        reason = error.what
    changed = record_health(site.log, site.name, known.instance, "unhealthy" if reason else "healthy", reason)
    if known.trial is None:
        tidy(site)
    return Checked(
        name=site.name,
        version=known.version,
        health="unhealthy" if reason else "healthy",
        changed=changed,
        reason=reason,
        url=known.instance.url,
        since=known.since,
        smoke=smoke,
        trial=known.trial,
    )


def delete(site: Site) -> None:
    """Take a deployment down, with what it could go back to; its versions need not be kept for it any more.

    Raises:
        UsageError: there is none.
    """
    known, found = site.known, site.instances()
    if known is None and not found and not release_unneeded(site.log, site.name):
        raise UsageError("there is no such deployment", where=site.name, hint="see mlops-ci deployments list")
    recorded = (known.instance, known.previous_instance) if known else ()
    doomed = {each.id: each for each in (*found.values(), *recorded) if each is not None}
    for instance in doomed.values():
        site.say("delete", instance.place)
        site.target.delete(instance)
    record_deleted(site.log, site.name)
    tidy(site)


def is_abandoned(site: Site, trial: Trial) -> bool:
    """Whether a trial has taken so long that whoever began it must be dead."""
    began = datetime.fromisoformat(trial.since)
    return site.clock() - began > _ABANDONED + timedelta(seconds=site.timeout)


def _examine(site: Site, instance: Instance, status: Status, samples: Samples | None) -> SmokeTest | None:
    """Raises what is wrong with it."""
    if status.condition in {"stopped", "gone"}:
        raise RemoteError(f"it is {status.condition}{f': {status.detail}' if status.detail else ''}")
    if why := why_not_ready(site.target, instance):
        raise RemoteError(status.detail or why)
    site.probe(instance)
    if samples is None or not samples.rows:
        return None
    return smoke_test(site.ask(instance), samples, tolerance=site.tolerance, seconds=0.0, headers=site.headers)
