"""Writes of deployments to the log: what is tried, what serves, what became of it.

A version is protected before anything of it runs and released after nothing of it does. Of two who try at once the
later entry wins; the other one learns it when it wants to say that its version serves.
"""

from __future__ import annotations

from typing import Literal

from mlops_ci.errors import ConflictError, UsageError
from mlops_ci.records.deployment import DeploymentState, Instance, SmokeTest, Trial
from mlops_ci.records.entry import Body, Deployed, Protect, Release
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.state import ModelState


class OvertakenError(ConflictError):
    """Somebody else has begun to deploy under the same name, later in the log."""


def begin(log: ModelLog, name: str, version: int, *, reason: str | None = None) -> Trial:
    """Protect a version and say that it is being tried; whoever else was trying has lost.

    Raises:
        ConflictError: the version was deleted meanwhile.
    """

    def decide(state: ModelState) -> Body:
        # Until the entry is there, whoever tidies up may take a protection for one that nobody needs.
        if name not in state.require(version).protections:
            return Protect(version, name)
        return Deployed(version, name, "starting", reason=reason)

    while True:
        before = log.folded.head
        state = log.append(decide)
        known = state.deployments.get(name)
        if known and known.trial and known.trial.entry == state.head > before:
            return known.trial


def require_ours(log: ModelLog, name: str, trial: Trial) -> DeploymentState:
    """The deployment, as long as nobody has begun another trial of it.

    Raises:
        OvertakenError: somebody has.
    """
    return _ours(log.read(), name, trial)


def record_serving(
    log: ModelLog, name: str, trial: Trial, instance: Instance, smoke: SmokeTest | None, *, reason: str | None = None
) -> DeploymentState:
    """Say that clients reach the tried version from now on.

    Raises:
        OvertakenError: somebody else has begun meanwhile.
    """

    def decide(state: ModelState) -> Body:
        _ours(state, name, trial)
        return Deployed(trial.version, name, "serving", instance, smoke, reason)

    return log.append(decide).deployments[name]


def record_failed(log: ModelLog, name: str, trial: Trial, reason: str) -> None:
    """Say why a trial came to nothing, unless it is over or overtaken already."""

    def decide(state: ModelState) -> Body | None:
        known = state.deployments.get(name)
        ours = known is not None and known.trial is not None and known.trial.entry == trial.entry
        return Deployed(trial.version, name, "failed", reason=reason) if ours else None

    log.append(decide)


def record_health(
    log: ModelLog, name: str, instance: Instance, health: Literal["healthy", "unhealthy"], reason: str | None
) -> bool:
    """Say how what serves is, if that is news; return whether it was."""
    changed = False

    def decide(state: ModelState) -> Body | None:
        nonlocal changed
        known = state.deployments.get(name)
        changed = (
            known is not None and known.instance is not None and known.instance.id == instance.id
        ) and known.stage != health
        return Deployed(known.version, name, health, reason=reason) if known and changed else None

    log.append(decide)
    return changed


def record_retired(log: ModelLog, name: str, version: int, reason: str) -> None:
    """Say that there is no going back to the previous version any more."""

    def decide(state: ModelState) -> Body | None:
        known = state.deployments.get(name)
        return Deployed(version, name, "retired", reason=reason) if known and known.previous == version else None

    log.append(decide)


def record_deleted(log: ModelLog, name: str, *, reason: str | None = None) -> None:
    """Say that a deployment is no more."""

    def decide(state: ModelState) -> Body | None:
        known = state.deployments.get(name)
        return Deployed(known.version, name, "deleted", reason=reason) if known else None

    log.append(decide)


def write_off(log: ModelLog, name: str, reason: str) -> None:
    """End a deployment whose place is gone for good, as somebody vouches for it; nobody asks the place.

    Raises:
        UsageError: there is no such deployment.
    """
    state = log.read()
    if name not in state.deployments and not any(name in each.protections for each in state.versions.values()):
        raise UsageError("there is no such deployment", where=name, hint="see mlops-ci deployments list")
    record_deleted(log, name, reason=reason)
    release_unneeded(log, name, reason=reason)


def release_unneeded(log: ModelLog, name: str, *, reason: str | None = None) -> tuple[int, ...]:
    """Release the versions that a deployment neither serves nor can go back to; return them.

    ``reason``: somebody vouches that nothing of them runs.
    """
    released: list[int] = []

    def decide(state: ModelState) -> Body | None:
        known = state.deployments.get(name)
        needed = known.needed if known else frozenset()
        for number, version in state.versions.items():
            if name in version.protections and number not in needed:
                released.append(number)
                return Release(number, name, forced=reason is not None, reason=reason)
        return None

    while True:
        count = len(released)
        log.append(decide)
        if len(released) == count:
            return tuple(dict.fromkeys(released))


def _ours(state: ModelState, name: str, trial: Trial) -> DeploymentState:
    known = state.deployments.get(name)
    if known is None or known.trial is None or known.trial.entry != trial.entry:
        now = known.trial if known else None
        what = f"{now.actor} deploys v{now.version} to {name}" if now else f"the trial of v{trial.version} was given up"
        raise OvertakenError(f"{what} since", where=state.model, hint=f"see mlops-ci deployments show {name}")
    return known
