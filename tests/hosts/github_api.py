"""A repository on the stand-in for GitHub, and a client of it that notes its pauses instead of making them."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlops_ci.hosts.github.api import GitHubApi
from mlops_ci.hosts.github.comments import GitHubConversation
from mlops_ci.hosts.github.reviews import GitHubReviews
from tests.parts.github import FakeGitHub, Repository

BASE = "b" * 40
HEAD = "a" * 40
PERMISSIONS = {"pull-requests": "write", "checks": "write", "statuses": "write", "contents": "read"}


@dataclass
class Place:
    """A repository with an open pull request, number 1."""

    github: FakeGitHub
    repository: Repository
    pauses: list[float] = field(default_factory=list)

    def reviews(self, token: str | None = None, patience: float = 900.0) -> GitHubReviews:
        """The pull requests, with the job's token or another."""
        token = token or self.repository.token(PERMISSIONS)
        return GitHubReviews(
            GitHubApi(token, "acme/ml", base=self.github.url, patience=patience, sleep=self.pauses.append)
        )

    def conversation(self, token: str | None = None) -> GitHubConversation:
        """The comments of the pull request."""
        return self.reviews(token).conversation(1)

    @property
    def bodies(self) -> list[str]:
        """What people read there."""
        return [comment.body for comment in self.repository.comments(1)]

    @property
    def asked(self) -> list[str]:
        """The requests so far."""
        return [f"{request.method} {request.path.removeprefix('/repos/acme/ml')}" for request in self.github.requests]


def make_place(github: FakeGitHub) -> Place:
    repository = github.repository("acme/ml")
    repository.commit(BASE)
    repository.open_pull(1, head=HEAD)
    return Place(github, repository)
