"""What the host says about the job it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mlops_ci.records.actor import Actor

Event = Literal["push", "pull_request", "merge_group", "schedule", "dispatch", "tag"]


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request. ``head`` is the author's newest commit.

    ``fork`` says that it lies in another repository, or that its jobs have as few rights as if it did.
    """

    number: int
    head: str
    branch: str | None
    target: str
    fork: bool
    repository: str | None = None


@dataclass(frozen=True, slots=True)
class HostContext:
    """The event a job answers, as the host describes it.

    ``push``, ``schedule`` and ``dispatch`` are of the default branch; any other branch is treated as a
    ``pull_request``, though there need not be one. ``base`` is the commit whose rules judge a pull request or a merge
    group; ``commit`` is the author's, where the host checks out another one: the test merge of a pull request.
    ``ephemeral`` says that the machine and its disk are gone when the job ends. ``repository`` is how the host calls
    it, such as ``acme/ml``; ``url`` shows the job's run.
    """

    host: str
    event: Event
    branch: str | None
    default_branch: str
    base: str | None
    ephemeral: bool
    actor: Actor
    repository: str | None = None
    commit: str | None = None
    pull_request: PullRequest | None = None
    url: str | None = None
    tag: str | None = None

    @property
    def releases(self) -> bool:
        """Whether the job is to register and promote what it trains."""
        return self.event in {"push", "schedule", "dispatch"}

    @property
    def is_asked_for(self) -> bool:
        """Whether nobody has pushed anything: then a refusal is no failure of a commit."""
        return self.event in {"schedule", "dispatch"}
