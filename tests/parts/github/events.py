"""Payloads of webhooks, out of real ones (npm ``@octokit/webhooks-examples``) with other names, numbers and commits."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.parts.github.npm import package

Payload = dict[str, Any]
_BEFORE, _AFTER = "b" * 40, "a" * 40


def event(name: str, **overrides: Any) -> Payload:
    """The payload of an event, in the repository ``acme/ml`` unless ``repository`` names another.

    Args:
        name: such as ``push``; see ``_EVENTS`` for what each takes.
        overrides: what is different from an uneventful one of its kind.
    """
    repository = overrides.pop("repository", "acme/ml")
    return _EVENTS[name](repository, **overrides)


def _push(repository: str, *, branch: str = "main", before: str = _BEFORE, after: str = _AFTER) -> Payload:
    payload = _example("push", repository, lambda each: each["ref"].startswith("refs/heads/") and each["head_commit"])
    commit = {**payload["head_commit"], "id": after}
    return {
        **payload,
        "ref": f"refs/heads/{branch}",
        "before": before,
        "after": after,
        "created": False,
        "deleted": False,
        "forced": False,
        "base_ref": None,
        "compare": f"https://github.com/{repository}/compare/{before[:12]}...{after[:12]}",
        "commits": [commit],
        "head_commit": commit,
    }


def _pull_request(
    repository: str,
    *,
    action: str = "opened",
    number: int = 1,
    head: str = _AFTER,
    branch: str = "feature",
    base: str = _BEFORE,
    base_branch: str = "main",
    fork: str | None = None,
    merged: bool = False,
    merge: str | None = None,
    title: str = "An idea",
) -> Payload:
    payload = _example("pull_request", repository, lambda each: each["action"] == action)
    pull = payload["pull_request"]
    old = pull["number"]
    pull = json.loads(
        json.dumps(pull).replace(f"/pulls/{old}", f"/pulls/{number}").replace(f"/pull/{old}", f"/pull/{number}")
    )
    head_side = _side(pull["head"], _away(repository, fork), branch, head, fork=fork is not None)
    changed = {
        "number": number,
        "title": title,
        "head": head_side,
        "base": _side(pull["base"], repository, base_branch, base, fork=False),
        "merged": merged,
        "merge_commit_sha": merge,
        "merged_at": pull["updated_at"] if merged else None,
    }
    more = {"before": base, "after": head} if action == "synchronize" else {}
    return {**payload, "number": number, "pull_request": {**pull, **changed}, **more}


def _merge_group(
    repository: str, *, head: str = _AFTER, base: str = _BEFORE, base_branch: str = "main", number: int = 1
) -> Payload:
    payload = _example("merge_group", repository)
    group = payload["merge_group"]
    changed = {
        "head_sha": head,
        "head_ref": f"refs/heads/gh-readonly-queue/{base_branch}/pr-{number}-{base}",
        "base_sha": base,
        "base_ref": f"refs/heads/{base_branch}",
        "head_commit": {**group["head_commit"], "id": head},
    }
    return {**payload, "merge_group": {**group, **changed}}


def _workflow_run(
    repository: str,
    *,
    action: str = "completed",
    trigger: str = "pull_request",
    head: str = _AFTER,
    branch: str = "feature",
    base: str = _BEFORE,
    fork: str | None = None,
    number: int | None = None,
    conclusion: str = "success",
    workflow: str = "model",
    run_id: int = 8123,
    attempt: int = 1,
) -> Payload:
    """For the fork of somebody, ``pull_requests`` is empty whatever the number, as with GitHub."""
    payload = _example("workflow_run", repository, lambda each: each["action"] == action)
    run, old = payload["workflow_run"], payload["workflow_run"]["id"]
    run = json.loads(json.dumps(run).replace(f"/runs/{old}", f"/runs/{run_id}"))
    here = {"id": run["repository"]["id"], "url": run["repository"]["url"], "name": run["repository"]["name"]}
    pull = {
        "id": 1,
        "number": number,
        "url": f"{here['url']}/pulls/{number}",
        "head": {"ref": branch, "sha": head, "repo": here},
        "base": {"ref": payload["repository"]["default_branch"], "sha": base, "repo": here},
    }
    changed = {
        "id": run_id,
        "run_attempt": attempt,
        "name": workflow,
        "event": trigger,
        "head_branch": branch,
        "head_sha": head,
        "head_commit": {**run["head_commit"], "id": head},
        "head_repository": _moved(run["head_repository"], _away(repository, fork), fork=fork is not None),
        "pull_requests": [pull] if number is not None and fork is None else [],
        "status": "completed" if action == "completed" else "queued",
        "conclusion": conclusion if action == "completed" else None,
    }
    return {**payload, "workflow_run": {**run, **changed}, "workflow": {**payload["workflow"], "name": workflow}}


def _workflow_dispatch(
    repository: str, *, branch: str = "main", inputs: Mapping[str, Any] | None = None, workflow: str = "model.yml"
) -> Payload:
    payload = _example("workflow_dispatch", repository)
    asked = {"inputs": dict(inputs or {}), "workflow": f".github/workflows/{workflow}"}
    return {**payload, "ref": f"refs/heads/{branch}", **asked}


def _repository_dispatch(
    repository: str, *, event_type: str = "model", client_payload: Mapping[str, Any] | None = None, branch: str = "main"
) -> Payload:
    payload = _example("repository_dispatch", repository)
    return {**payload, "action": event_type, "client_payload": dict(client_payload or {}), "branch": branch}


def _schedule(repository: str, *, schedule: str = "17 3 * * 1", workflow: str = "model.yml") -> Payload:
    # No webhook: the runner makes it up, of these fields.
    pushed = _push(repository)
    return {"schedule": schedule, "workflow": f".github/workflows/{workflow}", "repository": pushed["repository"]}


_EVENTS: dict[str, Callable[..., Payload]] = {
    "push": _push,
    "pull_request": _pull_request,
    "merge_group": _merge_group,
    "workflow_run": _workflow_run,
    "workflow_dispatch": _workflow_dispatch,
    "repository_dispatch": _repository_dispatch,
    "schedule": _schedule,
}


@functools.cache
def _examples() -> dict[str, list[str]]:
    folder, _ = package("@octokit/webhooks-examples")
    events = json.loads((folder / "api.github.com" / "index.json").read_text("utf-8"))
    return {each["name"]: [json.dumps(example) for example in each["examples"]] for each in events}


def _example(name: str, repository: str, wanted: Callable[[Payload], Any] = bool) -> Payload:
    """The first of the real payloads of an event that is as wanted, moved to a repository."""
    for text in _examples()[name]:
        payload: Payload = json.loads(text)
        if wanted(payload):
            moved: Payload = json.loads(text.replace(payload["repository"]["full_name"], repository))
            moved["repository"] = _moved(moved["repository"], repository, fork=False)
            moved["repository"]["default_branch"] = "main"
            if "workflow_run" in moved:
                run = moved["workflow_run"]
                run["repository"] = _moved(run["repository"], repository, fork=False)
            return moved
    raise LookupError(f"no example of {name} is like that")


def _side(side: Payload, full_name: str, branch: str, sha: str, *, fork: bool) -> Payload:
    owner = full_name.partition("/")[0]
    repo = {**_moved(side["repo"], full_name, fork=fork), "default_branch": "main"}
    user = {**side["user"], "login": owner}
    return {**side, "label": f"{owner}:{branch}", "ref": branch, "sha": sha, "repo": repo, "user": user}


def _moved(shape: Payload, full_name: str, *, fork: bool) -> Payload:
    """A repository under another name."""
    owner, _, name = full_name.partition("/")
    moved: Payload = json.loads(json.dumps(shape).replace(shape["full_name"], full_name))
    number = shape["id"] + 1 if fork else shape["id"]
    who = {**shape["owner"], "login": owner}
    return {**moved, "id": number, "name": name, "full_name": full_name, "owner": who, "fork": fork}


def _away(repository: str, fork: str | None) -> str:
    """The repository of a head."""
    return repository if fork is None else f"{fork}/{repository.partition('/')[2]}"
