"""The pull requests of a repository on GitHub."""

from __future__ import annotations

from typing import Any

from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.hosts.github.api import GitHubApi, items, value
from mlops_ci.hosts.github.checks import GitHubChecks
from mlops_ci.hosts.github.comments import GitHubConversation
from mlops_ci.records.conclusion import Conclusion

_NEEDS = "pull-requests: write"  # as whoever looks for a pull request goes on to write to it
_UNKNOWN_COMMIT = 422


class GitHubReviews:
    """Pull requests, and check runs of their commits."""

    def __init__(self, api: GitHubApi) -> None:
        self._api = api
        self._checks = GitHubChecks(api)

    def conversation(self, number: int) -> GitHubConversation:
        """The comments of a pull request."""
        return GitHubConversation(self._api, number)

    def is_open(self, number: int) -> bool:
        """Whether a pull request waits for its merge."""
        return bool(value(self._api.ask("GET", f"pulls/{number}", needs=_NEEDS), "state") == "open")

    def merged_as(self, commit: str) -> int | None:
        """The pull request whose merge, squash or rebase made a commit; an open one has a test merge, too."""
        try:
            found = self._pulls(f"commits/{commit}/pulls")
        except ResponseError as error:
            if error.status in {404, _UNKNOWN_COMMIT}:  # one that was never pushed
                return None
            raise
        return _first(pull for pull in found if value(pull, "merged_at") and value(pull, "merge_commit_sha") == commit)

    def of_head(self, owner: str, branch: str, commit: str) -> int | None:
        """The open pull request of a branch, of a fork too, whose newest commit is this one.

        A branch may have several, into other branches: the one into the default branch comes first. GitHub overlooks a
        filter that it does not understand, so that all of it is checked again.
        """
        found = [
            pull
            for pull in self._pulls("pulls", {"head": f"{owner}:{branch}", "state": "open"})
            if value(pull, "head", "sha") == commit
            and value(pull, "head", "ref") == branch
            and str(value(pull, "head", "user", "login") or owner).lower() == owner.lower()
        ]
        return _first(pull for pull in found if _is_into_default(pull)) or _first(found)

    def conclude(self, conclusion: Conclusion, pull_request: int | None) -> None:  # noqa: ARG002 - Protocol's signature
        """Set the check run of a model at a commit, which GitHub shows at its pull requests, too."""
        self._checks.conclude(conclusion)

    def _pulls(self, path: str, params: dict[str, str] | None = None) -> list[Any]:
        return [pull for page in self._api.pages(path, needs=_NEEDS, params=params) for pull in items(page)]


def _first(pulls: Any) -> int | None:
    numbers = [value(pull, "number") for pull in pulls]
    return min((number for number in numbers if isinstance(number, int)), default=None)


def _is_into_default(pull: Any) -> bool:
    default = value(pull, "base", "repo", "default_branch")
    return default is not None and value(pull, "base", "ref") == default
