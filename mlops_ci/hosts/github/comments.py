"""The comments of a pull request on GitHub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.errors import RemoteError
from mlops_ci.hosts.github.api import GitHubApi, items, value
from mlops_ci.hosts.reviews import Posted

LIMIT = 60_000
"""GitHub takes 65,536 characters; what is left is for those that count it differently."""
_NEEDS = "pull-requests: write"
_GONE = frozenset({404, 410})


class GitHubConversation:
    """Comments are issue comments: GitHub has no thread that could be resolved here."""

    def __init__(self, api: GitHubApi, number: int) -> None:
        self._api = api
        self._all = f"issues/{number}/comments"
        self._who: tuple[str | None] | None = None

    @property
    def limit(self) -> int:
        """The most bytes of a body."""
        return LIMIT

    def ours(self, marker: str) -> list[Posted]:
        """The comments that begin with a marker and that we have written, oldest first.

        A personal token's are those of its owner. A job or an app cannot ask who it is; its are those of bots.
        """
        who = self._person()
        found = [
            comment
            for page in self._api.pages(self._all, needs=_NEEDS)
            for comment in items(page)
            if _is_by(comment, who) and str(value(comment, "body") or "").startswith(marker)
        ]
        return sorted(map(_posted, found), key=lambda comment: int(comment.id))

    def post(self, body: str, *, resolved: bool) -> Posted:  # noqa: ARG002 - the Protocol's signature
        """Write a new comment."""
        return _posted(self._api.ask("POST", self._all, needs=_NEEDS, body={"body": body}))

    def update(self, comment: str, body: Callable[[], str], *, resolved: bool) -> None:  # noqa: ARG002 - the Protocol's
        """Replace the body of a comment."""
        self._api.ask("PATCH", _one(comment), needs=_NEEDS, body=lambda: {"body": body()}, idempotent=True)

    def delete(self, comment: str) -> None:
        """Delete a comment, unless that has happened."""
        try:
            self._api.ask("DELETE", _one(comment), needs=_NEEDS)
        except ResponseError as error:
            if error.status not in _GONE:
                raise

    def picture(self, name: str, png: bytes) -> None:  # noqa: ARG002 - the Protocol's signature
        """GitHub has no place for pictures; it draws Mermaid."""
        return

    def _person(self) -> str | None:
        if self._who is None:
            self._who = (self._api.person(),)
        return self._who[0]


def _is_by(comment: Any, who: str | None) -> bool:
    author = value(comment, "user")
    if who is None:
        return bool(value(author, "type") == "Bot")
    return str(value(author, "login") or "").lower() == who.lower()


def _posted(comment: Any) -> Posted:
    number, body = value(comment, "id"), value(comment, "body")
    if not isinstance(number, int) or not isinstance(body, str):
        raise RemoteError("GitHub answered with something else than a comment", hint="check GITHUB_API_URL")
    return Posted(str(number), body)


def _one(comment: str) -> str:
    return f"issues/comments/{int(comment)}"
