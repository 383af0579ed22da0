"""Deployments and their statuses: what GitHub answers."""

from __future__ import annotations

from typing import Any

from tests.parts.github.call import Call, answered, not_found, refused
from tests.parts.github.nouns import Deployment, DeploymentStatus
from tests.parts.loopback import Answer

_FAILED = {"failure", "error", "pending"}


def create(call: Call) -> Answer:
    """``POST .../deployments``.

    Unless it is told otherwise, GitHub merges the default branch first, and refuses where a status is not a success.
    """
    here, body = call.repository, call.body
    ref = body["ref"]
    sha = here.resolve(ref)
    if sha is None:
        return refused(422, f"No ref found for: {ref}")
    newest = here.branches[here.default_branch]
    if body.get("auto_merge", True) and ref in here.branches and newest not in here.ancestors(sha):
        return answered(202, {"message": f"Auto-merged {here.default_branch} into {ref} on deployment."})
    if _failing(call, sha):
        return refused(409, f"Conflict: Commit status checks failed for {ref}.")
    environment = body.get("environment", "production")
    made = Deployment(
        here.ticks.id(), ref, sha, body.get("task", "deploy"), environment, body.get("description") or "",
        body.get("payload", ""), body.get("transient_environment", False),
        body.get("production_environment", environment == "production"), call.author, here.ticks.time(),
    )  # fmt: skip
    here.deployments.append(made)
    shape = _shown(call, made)
    return answered(201, shape, {"Location": shape["url"]})


def listing(call: Call) -> Answer:
    """``GET .../deployments``, newest first."""
    query = call.query
    found = [
        each
        for each in reversed(call.repository.deployments)
        if query.get("sha") in (None, each.sha)
        and query.get("ref") in (None, each.ref)
        and query.get("task") in (None, each.task)
        and query.get("environment") in (None, each.environment)
    ]
    return call.paged(found, lambda each: _shown(call, each))


def one(call: Call) -> Answer:
    """``GET .../deployments/{deployment_id}``."""
    deployment = _wanted(call)
    return answered(200, _shown(call, deployment)) if deployment else not_found()


def create_status(call: Call) -> Answer:
    """``POST .../deployments/{deployment_id}/statuses``: a success makes earlier ones inactive."""
    deployment, body = _wanted(call), call.body
    if deployment is None:
        return not_found()
    deployment.environment = body.get("environment", deployment.environment)
    made = _status(call, body["state"], body)
    if made.state == "success" and body.get("auto_inactive", True):
        for earlier in call.repository.deployments:
            same = earlier.environment == deployment.environment and earlier.id < deployment.id
            if same and earlier.state == "success" and not (earlier.transient or earlier.production):
                earlier.statuses.append(_status(call, "inactive", {}))
    deployment.statuses.append(made)
    shape = _shown_status(call, deployment, made)
    return answered(201, shape, {"Location": shape["url"]})


def statuses(call: Call) -> Answer:
    """``GET .../deployments/{deployment_id}/statuses``, newest first."""
    deployment = _wanted(call)
    if deployment is None:
        return not_found()
    return call.paged(deployment.statuses[::-1], lambda each: _shown_status(call, deployment, each))


def _wanted(call: Call) -> Deployment | None:
    number = int(call.path["deployment_id"])
    return next((each for each in call.repository.deployments if each.id == number), None)


def _failing(call: Call, sha: str) -> bool:
    """Whether a required context is not a success; where none are named, all that there are count."""
    newest = {each.context: each.state for each in call.repository.statuses if each.sha == sha}
    newest |= {run.name: run.conclusion or "pending" for run in call.repository.check_runs if run.head_sha == sha}
    return any(newest.get(name, "pending") in _FAILED for name in call.body.get("required_contexts", newest))


def _status(call: Call, state: str, body: dict[str, Any]) -> DeploymentStatus:
    ticks = call.repository.ticks
    log = body.get("log_url") or body.get("target_url") or ""
    description, environment_url = body.get("description") or "", body.get("environment_url") or ""
    return DeploymentStatus(ticks.id(), state, description, log, environment_url, call.author, ticks.time())


def _shown(call: Call, deployment: Deployment) -> dict[str, Any]:
    shape = call.shaped("deployment")
    url = call.link(f"deployments/{deployment.id}")
    return {
        **shape,
        "id": deployment.id,
        "url": url,
        "statuses_url": f"{url}/statuses",
        "sha": deployment.sha,
        "ref": deployment.ref,
        "task": deployment.task,
        "payload": deployment.payload,
        "environment": deployment.environment,
        "original_environment": deployment.environment,
        "description": deployment.description,
        "creator": call.user(shape["creator"], deployment.author),
        "created_at": deployment.created_at,
        "updated_at": deployment.statuses[-1].created_at if deployment.statuses else deployment.created_at,
        "transient_environment": deployment.transient,
        "production_environment": deployment.production,
    }


def _shown_status(call: Call, deployment: Deployment, status: DeploymentStatus) -> dict[str, Any]:
    shape = call.shaped("deployment-status")
    url = call.link(f"deployments/{deployment.id}")
    return {
        **shape,
        "id": status.id,
        "url": f"{url}/statuses/{status.id}",
        "deployment_url": url,
        "state": status.state,
        "description": status.description,
        "environment": deployment.environment,
        "log_url": status.log_url,
        "target_url": status.log_url,
        "environment_url": status.environment_url,
        "creator": call.user(shape["creator"], status.author),
        "created_at": status.created_at,
        "updated_at": status.created_at,
    }
