"""Pull requests, the repository itself, and comments: what GitHub answers."""

from __future__ import annotations

from typing import Any

from tests.parts.github.call import Call, answered, not_found, refused
from tests.parts.github.nouns import Pull
from tests.parts.loopback import Answer


def repository(call: Call) -> Answer:
    """``GET /repos/{owner}/{repo}``."""
    here = call.repository
    shape = call.shaped("full-repository-default-response")
    for example in ("parent", "source", "template_repository", "organization"):
        shape.pop(example, None)
    named = _repository(shape, here.full_name, here.id, fork=False)
    visibility = "private" if here.private else "public"
    more = {"default_branch": here.default_branch, "private": here.private, "visibility": visibility}
    return answered(200, {**named, **more, "language": "Python"})


def listing(call: Call) -> Answer:
    """``GET .../pulls``, newest first. As with GitHub, a ``head`` without an owner filters nothing."""
    state, base = call.query.get("state", "open"), call.query.get("base")
    owner, _, branch = call.query.get("head", "").partition(":")
    found = [
        pull
        for pull in call.repository.pulls.values()
        if state in ("all", pull.state)
        and base in (None, pull.base_branch)
        and (not branch or (pull.fork or call.repository.owner, pull.branch) == (owner, branch))
    ]
    newest_first = call.query.get("direction", "desc") == "desc"
    found.sort(key=lambda pull: pull.opened_at, reverse=newest_first)
    return call.paged(found, lambda pull: shown(call, pull, "pull-request-simple-items"))


def of_commit(call: Call) -> Answer:
    """``GET .../commits/{commit_sha}/pulls``: the head of a fork belongs to no pull request here."""
    sha = call.path["commit_sha"]
    if call.repository.resolve(sha) is None:
        return refused(422, f"No commit found for SHA: {sha}")
    found = [
        pull
        for pull in call.repository.pulls.values()
        if (pull.head == sha and pull.fork is None) or (pull.merged and pull.merge == sha)
    ]
    return call.paged(found, lambda pull: shown(call, pull, "pull-request-simple-items"))


def one(call: Call) -> Answer:
    """``GET .../pulls/{pull_number}``."""
    pull = call.repository.pulls.get(int(call.path["pull_number"]))
    if pull is None or pull.gone:
        return not_found()
    shape = shown(call, pull, "pull-request")
    number = len(call.repository.comments(pull.number))
    merged_by = shape["merged_by"] if pull.merged else None
    return answered(200, {**shape, "merged": pull.merged, "merged_by": merged_by, "comments": number})


def shown(call: Call, pull: Pull, example: str) -> dict[str, Any]:
    """A pull request, in the shape of an example."""
    here = call.repository
    shape = call.shaped(example)
    old = shape["number"]
    for name, value in shape.items():
        if isinstance(value, str):
            shape[name] = value.replace(f"/{old}", f"/{pull.number}")
    owner = pull.fork or here.owner
    away = here.full_name if pull.fork is None else f"{pull.fork}/{here.name}"
    head_id = here.id if pull.fork is None else here.id + 1
    sides = {
        "head": (owner, pull.branch, pull.head, away, head_id, pull.fork is not None),
        "base": (here.owner, pull.base_branch, pull.base, here.full_name, here.id, False),
    }
    for name, (login, branch, sha, full_name, number, fork) in sides.items():
        side = shape[name]
        named = {**_repository(side["repo"], full_name, number, fork=fork), "default_branch": here.default_branch}
        user = {**side["user"], "login": login}
        shape[name] = {**side, "label": f"{login}:{branch}", "ref": branch, "sha": sha, "repo": named, "user": user}
    return {
        **shape,
        "id": here.id + pull.number,
        "number": pull.number,
        "title": pull.title,
        "state": pull.state,
        "locked": pull.locked,
        "active_lock_reason": None,
        "merge_commit_sha": pull.merge,
        "created_at": pull.opened_at,
        "updated_at": pull.closed_at or pull.opened_at,
        "closed_at": pull.closed_at,
        "merged_at": pull.closed_at if pull.merged else None,
        "draft": False,
        # Nobody was asked; the examples of teams lack what the contract demands.
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [],
        "milestone": None,
    }


def _repository(shape: dict[str, Any], full_name: str, number: int, *, fork: bool) -> dict[str, Any]:
    owner, _, name = full_name.partition("/")
    old = shape["full_name"]
    moved = {key: value.replace(old, full_name) if isinstance(value, str) else value for key, value in shape.items()}
    return {
        **moved,
        "id": number,
        "name": name,
        "full_name": full_name,
        "owner": {**shape["owner"], "login": owner},
        "fork": fork,
    }
