"""The pull requests of a repository in Azure Repos."""

from __future__ import annotations

from typing import Any

from mlops_ci.hosts.azure.api import AzureApi, number_of, text_of
from mlops_ci.hosts.azure.statuses import conclude
from mlops_ci.hosts.azure.threads import AzureConversation
from mlops_ci.records.conclusion import Conclusion

_PAGE = 100
_MOST_PAGES = 20


class AzureReviews:
    """What Azure DevOps knows of the pull requests of one repository."""

    def __init__(self, api: AzureApi) -> None:
        self._api = api

    def conversation(self, number: int) -> AzureConversation:
        """The comments of a pull request."""
        return AzureConversation(self._api, number)

    def is_open(self, number: int) -> bool:
        """Whether a pull request waits for its merge."""
        return text_of(self._api.one("GET", f"pullRequests/{number}"), "status") == "active"

    def merged_as(self, commit: str) -> int | None:
        """The pull request whose completion made a commit: by a merge, a squash, a rebase or a fast-forward."""
        queries = [{"type": "lastMergeCommit", "items": [commit]}, {"type": "commit", "items": [commit]}]
        answer = self._api.one("POST", "pullRequestQuery", body={"queries": queries}, idempotent=True)
        made, carried = (_completed(answer, place, commit) for place in (0, 1))
        # A fast-forward makes no commit: the default branch then ends with the author's own.
        forwarded = [item for item in carried if text_of(item, "lastMergeSourceCommit", "commitId") == commit]
        return max((number_of(item, "pullRequestId") for item in made or forwarded), default=None)

    def of_head(self, owner: str, branch: str, commit: str) -> int | None:  # noqa: ARG002 - the commit tells forks apart
        """The open pull request of a branch, of a fork too, whose newest commit is this one; the oldest of several."""
        params = {"searchCriteria.status": "active", "searchCriteria.sourceRefName": f"refs/heads/{branch}"}
        found: list[int] = []
        for page in range(_MOST_PAGES):
            items = self._api.many("pullRequests", {**params, "$top": str(_PAGE), "$skip": str(page * _PAGE)})
            found += [
                number_of(item, "pullRequestId")
                for item in items
                if text_of(item, "lastMergeSourceCommit", "commitId") == commit
            ]
            if len(items) < _PAGE:
                break
        return min(found, default=None)

    def conclude(self, conclusion: Conclusion, pull_request: int | None) -> None:
        """Set the status of a model at a commit, and the one that sums up all models."""
        conclude(self._api, conclusion, pull_request)


def _completed(answer: dict[str, Any], place: int, commit: str) -> list[dict[str, Any]]:
    results = answer.get("results")
    result = results[place] if isinstance(results, list) and len(results) > place else {}
    items = result.get(commit) if isinstance(result, dict) else None
    if not isinstance(items, list):
        return []
    return [item for item in items if isinstance(item, dict) and item.get("status") == "completed"]
