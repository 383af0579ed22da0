"""Git repositories, their pull requests, and how the service shows both."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.parts.azure_devops.replies import RefusedError, now
from tests.parts.azure_devops.shapes import QUERY_TYPES, named
from tests.parts.azure_devops.threads import Thread


@dataclass(frozen=True)
class Project:
    """A project."""

    name: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def is_called(self, name: str) -> bool:
        """Whether a path means this one: by its name or its id."""
        return name.lower() in {self.name.lower(), self.id}


@dataclass
class PullRequest:
    """A pull request. ``commits`` are those of its source branch; the last one is its head."""

    number: int
    repository: Repository
    source: str
    target: str
    commits: list[str]
    title: str = "A change"
    is_fork: bool = False
    is_draft: bool = False
    status: str = "active"
    merge_commit: str | None = None
    closed: str | None = None
    created: str = field(default_factory=now)
    threads: list[Thread] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    attachments: dict[str, bytes] = field(default_factory=dict)

    def complete(self, merge_commit: str) -> None:
        """Merge it."""
        self.status, self.merge_commit, self.closed = "completed", merge_commit, now()

    def abandon(self) -> None:
        """Close it without merging."""
        self.status, self.closed = "abandoned", now()

    def push(self, commit: str, merge_commit: str | None = None) -> None:
        """A further commit on its source branch, and the merge that the service tries of it."""
        self.commits.append(commit)
        self.merge_commit = merge_commit

    def shown(self, collection: str) -> dict[str, Any]:
        """As the service shows it."""
        home = self.repository.shown(collection)
        body: dict[str, Any] = {
            "repository": home,
            "pullRequestId": self.number,
            "codeReviewId": self.number,
            "status": self.status,
            "creationDate": self.created,
            "title": self.title,
            "sourceRefName": self.source,
            "targetRefName": self.target,
            "mergeStatus": "succeeded" if self.merge_commit else "queued",
            "isDraft": self.is_draft,
            "lastMergeSourceCommit": {"commitId": self.commits[-1]},
            "reviewers": [],
            "url": f"{home['url']}/pullRequests/{self.number}",
            "supportsIterations": True,
        }
        # What is not there is left out, not null.
        if self.merge_commit:
            body["lastMergeCommit"] = {"commitId": self.merge_commit}
        if self.closed:
            body["closedDate"] = self.closed
        if self.is_fork:
            fork = {"id": str(uuid.UUID(int=self.number)), "name": f"{self.repository.name}-fork", "isFork": True}
            body["forkSource"] = {"name": self.source, "repository": fork}
        return body


@dataclass
class Repository:
    """A Git repository of a project, with the branches and tags (full names) it has."""

    name: str
    project: Project
    refs: set[str] = field(default_factory=lambda: {"refs/heads/main"})
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    pull_requests: dict[int, PullRequest] = field(default_factory=dict)
    commit_statuses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def is_called(self, name: str) -> bool:
        """Whether a path means this one: by its name or its id."""
        return name.lower() in {self.name.lower(), self.id}

    def shown(self, collection: str) -> dict[str, Any]:
        """As the service shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "url": f"{collection}{self.project.id}/_apis/git/repositories/{self.id}",
            "project": {"id": self.project.id, "name": self.project.name, "state": "wellFormed"},
        }

    def pull_request(self, number: str) -> PullRequest:
        """A pull request, by its number.

        Raises:
            RefusedError: it has none of that number.
        """
        found = self.pull_requests.get(int(number)) if number.isdecimal() else None
        if found is None:
            raise RefusedError(
                404, "GitPullRequestNotFoundException", "TF401180: The requested pull request was not found."
            )
        return found

    def selected(self, query: dict[str, str]) -> list[PullRequest]:
        """A page of its pull requests, newest first; without a wish only those that are open."""
        wanted = query.get("searchCriteria.status", "active")
        if wanted not in {"active", "completed", "abandoned", "all", "notSet"}:
            message = f"The value '{wanted}' is not valid for status."
            raise RefusedError(400, "InvalidArgumentValueException", message)
        status = "active" if wanted == "notSet" else wanted
        found = [
            each
            for _, each in sorted(self.pull_requests.items(), reverse=True)
            if status in {"all", each.status}
            and query.get("searchCriteria.sourceRefName", each.source) == each.source
            and query.get("searchCriteria.targetRefName", each.target) == each.target
        ]
        start = int(query.get("$skip", "0"))
        return found[start : start + int(query.get("$top", "101"))]

    def answers(self, queries: list[dict[str, Any]], collection: str) -> list[dict[str, Any]]:
        """For each query the pull requests by the commits it names; a commit of none is left out."""
        return [
            {
                commit: [each.shown(collection) for each in self.pull_requests.values() if _belongs(each, commit, kind)]
                for commit in query["items"]
                if any(_belongs(each, commit, kind) for each in self.pull_requests.values())
            }
            for query in queries
            for kind in [named(query["type"], QUERY_TYPES)]
        ]


def _belongs(pull_request: PullRequest, commit: str, kind: str) -> bool:
    if kind == "lastMergeCommit":
        return pull_request.merge_commit == commit
    return kind == "commit" and commit in pull_request.commits
