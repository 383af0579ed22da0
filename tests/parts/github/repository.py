"""The state of a repository, and what a test may do to it that GitHub's other users would do."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.parts.github.nouns import (
    CheckRun,
    Comment,
    Deployment,
    Dispatch,
    Pull,
    Status,
    Workflow,
    WorkflowRun,
)
from tests.parts.github.tokens import Identity, Kind, Token

_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class Ticks:
    """Identifiers and points in time, each later than the one before."""

    def __init__(self) -> None:
        self._count = itertools.count(1)
        self._base = 2_300_000_000  # as with GitHub, more than 31 bits hold

    def id(self) -> int:
        """A number that nothing else has."""
        return self._base + next(self._count)

    def time(self) -> str:
        """Now."""
        return (_BEGINNING + timedelta(seconds=next(self._count))).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Repository:
    """A repository as its users see it; what was sent to it is in the lists."""

    full_name: str
    id: int
    default_branch: str
    private: bool
    ticks: Ticks
    make_token: Callable[[Mapping[str, Mapping[str, str]], Kind], Token]
    parents: dict[str, str | None] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    pulls: dict[int, Pull] = field(default_factory=dict)
    all_comments: dict[int, Comment] = field(default_factory=dict)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    check_runs: list[CheckRun] = field(default_factory=list)
    dispatches: list[Dispatch] = field(default_factory=list)
    workflow_runs: list[WorkflowRun] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)

    @property
    def owner(self) -> str:
        """The user or organisation."""
        return self.full_name.partition("/")[0]

    @property
    def name(self) -> str:
        """The name below its owner."""
        return self.full_name.partition("/")[2]

    def commit(self, sha: str, branch: str | None = None) -> str:
        """Push a commit to a branch; a new branch starts at the default one."""
        branch = branch or self.default_branch
        self.parents.setdefault(sha, self.branches.get(branch, self.branches.get(self.default_branch)))
        self.branches[branch] = sha
        return sha

    def open_pull(
        self,
        number: int,
        *,
        head: str,
        branch: str = "feature",
        base: str | None = None,
        fork: str | None = None,
        title: str = "An idea",
        test_merge: str | None = None,
    ) -> Pull:
        """Open a pull request, from a branch of this repository or of the fork of that owner."""
        base_branch = self.default_branch
        base = base or self.branches[base_branch]
        self.parents.setdefault(base, None)
        self.branches.setdefault(base_branch, base)
        if fork is None:
            self.commit(head, branch)
        else:
            self.parents.setdefault(head, base)  # GitHub has it, too, as refs/pull/<number>/head
        made = Pull(number, head, branch, base, base_branch, fork, title, test_merge, self.ticks.time())
        self.pulls[number] = made
        return made

    def merge(self, number: int, sha: str) -> None:
        """Merge a pull request, as a commit on the base branch."""
        pull = self.pulls[number]
        self.commit(sha, pull.base_branch)
        pull.state, pull.merged, pull.merge, pull.closed_at = "closed", True, sha, self.ticks.time()

    def close(self, number: int) -> None:
        """Close a pull request without a merge."""
        self.pulls[number].state, self.pulls[number].closed_at = "closed", self.ticks.time()

    def comment(self, number: int, body: str, author: Identity) -> Comment:
        """Comment on a pull request."""
        now = self.ticks.time()
        made = Comment(self.ticks.id(), number, body, author, now, now)
        self.all_comments[made.id] = made
        return made

    def comments(self, number: int) -> list[Comment]:
        """The comments on a pull request, oldest first."""
        return [each for each in self.all_comments.values() if each.number == number]

    def workflow(
        self, file: str, *, inputs: Mapping[str, Mapping[str, Any]] | None = None, dispatchable: bool = True
    ) -> None:
        """Have a workflow file, with the inputs of its trigger ``workflow_dispatch`` if it has that."""
        self.workflows[file] = Workflow(self.ticks.id(), inputs or {}, dispatchable)

    def token(self, permissions: Mapping[str, str], kind: Kind = "github-token") -> str:
        """A token for this repository alone, with the permissions as a workflow writes them."""
        return self.make_token({self.full_name: permissions}, kind).secret

    def resolve(self, ref: str) -> str | None:
        """The commit of a branch, however written, or of itself."""
        branch = ref.removeprefix("refs/").removeprefix("heads/")
        return self.branches.get(branch) or (ref if ref in self.parents else None)

    def ancestors(self, sha: str) -> Iterator[str]:
        """A commit and those before it."""
        current: str | None = sha
        while current is not None:
            yield current
            current = self.parents.get(current)
