"""What the log says of deployments: which version serves where, and what it can go back to. Pure, for the fold."""

from __future__ import annotations

from dataclasses import replace

from mlops_ci.errors import IntegrityError
from mlops_ci.records.deployment import DeploymentState, Instance, Trial
from mlops_ci.records.entry import Deployed, Envelope
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.state import ModelState

_OVER = frozenset({"failed", "retired", "deleted"})
_OF_WHAT_SERVES = frozenset({"healthy", "unhealthy"})


def require_possible(state: ModelState, version: ModelVersion, body: Deployed, where: str) -> None:
    """Refuse a stage that cannot have been reached.

    Raises:
        IntegrityError: a version runs that nothing protects, serves without having been tried, or the health of one
            is told that does not serve.
    """
    name, number = body.deployment, version.version
    if body.stage not in _OVER and name not in version.protections:
        raise IntegrityError(f"v{number} is deployed to {name} unprotected", where=where)
    known = state.deployments.get(name)
    if body.stage == "serving" and (body.instance is None or known is None or not _is_tried(known, number)):
        raise IntegrityError(f"v{number} serves as {name} without having been tried", where=where)
    if body.stage in _OF_WHAT_SERVES and (known is None or known.instance is None or known.version != number):
        raise IntegrityError(f"v{number} does not serve as {name}", where=where)
    if body.stage == "deleted" and (known is None or known.version != number):
        raise IntegrityError(f"{name} is deleted, which v{number} does not serve as", where=where)


def with_stage(known: DeploymentState | None, envelope: Envelope, body: Deployed) -> DeploymentState | None:
    """The deployment after an entry; None where there is none (any more)."""
    match body.stage:
        case "starting":
            return _with_trial(known, envelope, body)
        case "serving":
            return _serving(known, envelope, body)
        case "deleted":
            return None
    if known is None:
        return None
    match body.stage:
        case "healthy" | "unhealthy":
            instance = body.instance or known.instance
            return replace(known, stage=body.stage, reason=body.reason, instance=instance, checked=envelope.time)
        case "failed" if _is_tried(known, body.version):
            return replace(known, trial=None) if known.instance else None
        case "retired" if known.previous == body.version:
            return replace(known, previous=None, previous_instance=None)
    return known


def _with_trial(known: DeploymentState | None, envelope: Envelope, body: Deployed) -> DeploymentState:
    trial = Trial(body.version, envelope.seq, envelope.time, envelope.actor.name)
    if known and known.instance:
        return replace(known, trial=trial)
    return DeploymentState(
        name=body.deployment,
        stage="starting",
        version=body.version,
        instance=None,
        since=envelope.time,
        actor=envelope.actor.name,
        trial=trial,
    )


def _serving(known: DeploymentState | None, envelope: Envelope, body: Deployed) -> DeploymentState:
    before = known if known and known.instance else None
    previous, previous_instance = (before.version, before.instance) if before else (None, None)
    # The same version in the same image once more, say because the other one was ill: that is nothing to go back to.
    if before and before.version == body.version and _image(before.instance) == _image(body.instance):
        previous, previous_instance = before.previous, before.previous_instance
    return DeploymentState(
        name=body.deployment,
        stage="serving",
        version=body.version,
        instance=body.instance,
        since=envelope.time,
        actor=envelope.actor.name,
        previous=previous,
        previous_instance=previous_instance,
        smoke=body.smoke,
        reason=body.reason,
    )


def _image(instance: Instance | None) -> str | None:
    return instance.image if instance else None


def _is_tried(known: DeploymentState, version: int) -> bool:
    return known.trial is not None and known.trial.version == version


def with_serving(state: ModelState, version: ModelVersion, body: Deployed) -> tuple[ModelVersion, ...]:
    """The versions whose endpoints an entry changes."""
    known = state.deployments.get(body.deployment)
    without = tuple(name for name in version.serving if name != body.deployment)
    if body.stage == "deleted":
        return (replace(version, serving=without),)
    if body.stage != "serving":
        return ()
    now = replace(version, serving=tuple(sorted({*version.serving, body.deployment})))
    if known is None or known.version == version.version or known.version not in state.versions:
        return (now,)
    before = state.versions[known.version]
    return replace(before, serving=tuple(name for name in before.serving if name != body.deployment)), now
