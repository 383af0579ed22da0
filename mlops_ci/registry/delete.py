"""Takes versions out of the registry, and keeps them in it as long as somebody needs them."""

from __future__ import annotations

from mlops_ci.errors import ConflictError, UsageError
from mlops_ci.records.entry import Body, Delete, Protect, Release
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


def delete_version(log: ModelLog, version: int, *, reason: str | None = None) -> bool:
    """Delete a version; return whether it was there. Its objects go with the next garbage collection.

    Raises:
        ConflictError: an alias or a deployment needs it.
        UsageError: there never was such a version.
    """
    deleted = False

    def decide(state: ModelState) -> Body | None:
        nonlocal deleted
        found = state.versions.get(version)
        if found is None:
            if version not in state.deleted:
                raise UsageError(f"no version {version}", where=log.model)
            deleted = False
            return None
        if found.aliases:
            names = ", ".join(found.aliases)
            raise ConflictError(f"{names} points to v{version}", where=log.model, hint="move the alias first")
        if found.protections:
            raise ConflictError(
                f"v{version} is deployed: {', '.join(found.protections)}",
                where=log.model,
                hint="take the deployment down first",
            )
        deleted = True
        return Delete(version=version, reason=reason)

    log.append(decide)
    return deleted
