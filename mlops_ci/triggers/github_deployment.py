"""Asks for a deployment of the version's commit, which starts workflows that run ``on: deployment``.

https://docs.github.com/rest/deployments/deployments#create-a-deployment. The payload carries the event's id, by which
a deployment that was made before is found again.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from mlops_ci.errors import OutcomeUnknownError, UsageError
from mlops_ci.project.receivers import GithubDeployment
from mlops_ci.records.codec import plain
from mlops_ci.records.event import CloudEvent
from mlops_ci.triggers.call import Call, Means, Talk, identity
from mlops_ci.triggers.fitting import fitting
from mlops_ci.triggers.github import LARGEST_PAYLOAD, github_call

_LONGEST_DESCRIPTION = 140
_PERMISSION = "deployments: write"


def tell(event: CloudEvent, to: GithubDeployment, means: Means) -> Talk:
    """Make the deployment, then its first status."""
    commit = event.data.commit
    if commit is None:
        what = f"v{event.data.version} has no commit, which a deployment needs"
        raise UsageError(what, where=event.id, hint="register the model with --commit")
    document = {
        "ref": commit,
        "environment": to.environment,
        "auto_merge": False,
        "required_contexts": [],
        "description": _description(event),
        "payload": fitting(event, _payload, LARGEST_PAYLOAD),
    }
    hints = {
        409: f"GitHub cannot merge the default branch of {to.repository} into {commit[:7]}",
        422: f"{to.repository} must have the commit {commit[:7]}",
    }
    made = identity((yield _call(means, to, "deployments", document, hints=hints, example={"id": 1})))
    if made is None:  # the answer broke off
        return (yield from ask(event, to, means)) or _lost(event)
    yield _status(event, to, means, made)
    return f"deployment {made}"


def ask(event: CloudEvent, to: GithubDeployment, means: Means) -> Talk:
    """Look for the deployment; one that was left without any status gets it."""
    query = urlencode({"sha": event.data.commit or "", "environment": to.environment, "per_page": "100"})
    answer = yield _call(means, to, f"deployments?{query}", example=[])
    for item in answer if isinstance(answer, list) else []:
        if (made := identity(item)) and _id_in(item.get("payload")) == event.id:
            if not (yield _call(means, to, f"deployments/{made}/statuses?per_page=1", example=[])):
                yield _status(event, to, means, made)
            return f"deployment {made}"
    return None


def _status(event: CloudEvent, to: GithubDeployment, means: Means, deployment: str) -> Call:
    document = {"state": "queued", "description": _description(event)}
    return _call(means, to, f"deployments/{deployment}/statuses", document)


def _call(means: Means, to: GithubDeployment, path: str, document: Any = None, **others: Any) -> Call:
    return github_call(means, to.repository, path, document, variable=to.variable, permission=_PERMISSION, **others)


def _payload(event: CloudEvent) -> dict[str, Any]:
    return {"id": event.id, "event": plain(event)}


def _id_in(payload: Any) -> Any:
    """The event's id in a payload, which GitHub gives back as it came, or as text."""
    if isinstance(payload, str):
        try:
            payload = json.loads(payload)
        except ValueError:
            return None
    return payload.get("id") if isinstance(payload, dict) else None


def _description(event: CloudEvent) -> str:
    return f"{event.data.model} v{event.data.version}"[:_LONGEST_DESCRIPTION]


def _lost(event: CloudEvent) -> str:
    what = "GitHub's answer broke off, and the deployment is not to be found"
    raise OutcomeUnknownError(what, where=event.id, hint="run the command again")
