"""Takes versions out of the registry, and keeps them in it as long as somebody needs them."""

from __future__ import annotations

from mlops_ci.errors import ConflictError, UsageError
from mlops_ci.records.entry import Body, Delete, Protect, Release
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.state import ModelState


def protect(log: ModelLog, version: int, deployment: str) -> None:
    """Keep a version from being deleted. To be done *before* a deployment of it starts; again changes nothing."""

    def decide(state: ModelState) -> Body | None:
        known = deployment in state.require(version).protections
        return None if known else Protect(version=version, deployment=deployment)

    log.append(decide)


def release(log: ModelLog, version: int, deployment: str, *, force: bool = False, reason: str | None = None) -> bool:
    """End a protection, after its deployment is gone; return whether there was one.

    Args:
        log: the model's log.
        version: the version.
        deployment: the deployment.
        force: somebody vouches that a deployment is gone that did not say so itself.
        reason: why; a forced release must say.

    Raises:
        UsageError: a release is forced without a reason.
    """
    if force and not reason:
        raise UsageError("a forced release needs a reason", where=deployment, hint="say it with --reason")
    released = False

    def decide(state: ModelState) -> Body | None:
        nonlocal released
        found = state.versions.get(version)
        released = found is not None and deployment in found.protections
        return Release(version, deployment, forced=force, reason=reason) if released else None

    log.append(decide)
    return released


HOLD = "hold:"


def hold(log: ModelLog, version: int, name: str, *, reason: str) -> bool:
    """Keep a version from being deleted, by a person's decision; return whether that is news.

    Args:
        log: the model's log.
        version: the version.
        name: under which it is kept, such as the name of an audit; apart from the names of deployments.
        reason: what for; kept in the log.
    """
    held = False

    def decide(state: ModelState) -> Body | None:
        nonlocal held
        held = HOLD + name not in state.require(version).protections
        return Protect(version, HOLD + name, reason) if held else None

    log.append(decide)
    return held


def let_go(log: ModelLog, version: int, name: str, *, reason: str) -> bool:
    """Keep a version no longer under a name that a person gave; return whether it was kept."""
    return release(log, version, HOLD + name, reason=reason)


def require_deletable(state: ModelState, version: int) -> ModelVersion | None:
    """The version, if nobody needs it; None if it is deleted already.

    Raises:
        ConflictError: an alias, a deployment or a person needs it.
        UsageError: there never was such a version.
    """
    found = state.versions.get(version)
    if found is None:
        if version not in state.deleted:
            raise UsageError(f"no version {version}", where=state.model)
        return None
    if found.aliases:
        first = f"{state.model}@{found.aliases[0]}"
        hint = f"move it with mlops-ci promote, or take it away: mlops-ci models unalias {first} --reason TEXT"
        raise ConflictError(f"{', '.join(found.aliases)} points to v{version}", where=state.model, hint=hint)
    held = [name.removeprefix(HOLD) for name in found.protections if name.startswith(HOLD)]
    deployments = [name for name in found.protections if not name.startswith(HOLD)]
    if deployments:
        hint = f"mlops-ci deployments delete {deployments[0]}, or deploy another version there, and then one more"
        raise ConflictError(f"v{version} is deployed: {', '.join(deployments)}", where=state.model, hint=hint)
    if held:
        hint = f"mlops-ci models release {state.model}@v{version} {held[0]} --reason TEXT"
        raise ConflictError(f"v{version} is protected: {', '.join(held)}", where=state.model, hint=hint)
    return found


def delete_version(log: ModelLog, version: int, *, reason: str | None = None) -> bool:
    """Delete a version; return whether it was there. Its objects go with the next garbage collection.

    Raises:
        ConflictError: an alias or a deployment needs it.
        UsageError: there never was such a version.
    """
    deleted = False

    def decide(state: ModelState) -> Body | None:
        nonlocal deleted
        deleted = require_deletable(state, version) is not None
        return Delete(version=version, reason=reason) if deleted else None

    log.append(decide)
    return deleted
