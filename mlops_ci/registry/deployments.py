"""What the log says of deployments: which version serves where, and what it can go back to. Pure, for the fold."""

from __future__ import annotations

from dataclasses import replace

from mlops_ci.errors import IntegrityError
from mlops_ci.records.deployment import DeploymentState
from mlops_ci.records.entry import Deployed, Envelope
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.state import ModelState

_OVER = frozenset({"failed", "retired", "deleted"})
_OF_WHAT_SERVES = frozenset({"healthy", "unhealthy", "deleted"})


def require_possible(state: ModelState, version: ModelVersion, body: Deployed, where: str) -> None:
    """Refuse a stage that cannot have been reached.

    Raises:
        IntegrityError: a version runs that nothing protects, or the health of one is told that does not serve.
    """
    if body.stage not in _OVER and body.deployment not in version.protections:
        raise IntegrityError(f"v{version.version} is deployed to {body.deployment} unprotected", where=where)
    known = state.deployments.get(body.deployment)
    if body.stage in _OF_WHAT_SERVES and (known is None or known.version != version.version):
        raise IntegrityError(f"v{version.version} does not serve as {body.deployment}", where=where)


def with_stage(known: DeploymentState | None, envelope: Envelope, body: Deployed) -> DeploymentState | None:
    """The deployment after an entry; None where nothing serves yet, and after ``deleted``."""
    if body.stage == "serving":
        return DeploymentState(
            name=body.deployment,
            stage="serving",
            version=body.version,
            instance=body.instance,
            since=envelope.time,
            actor=envelope.actor.name,
            previous=known.version if known else None,
            previous_instance=known.instance if known else None,
            smoke=body.smoke,
            reason=body.reason,
        )
    if body.stage == "deleted" or known is None:
        return None
    if body.stage in {"healthy", "unhealthy"}:
        return replace(known, stage=body.stage, reason=body.reason, instance=body.instance or known.instance)
    if body.stage == "retired" and known.previous == body.version:
        return replace(known, previous=None, previous_instance=None)
    return known


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
