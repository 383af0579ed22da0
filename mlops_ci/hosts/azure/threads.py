"""The comments of a pull request in Azure Repos: the first comment of a thread each.

A thread has a status: *active* asks somebody to act, and can keep a pull request from being completed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.hosts.azure.api import AzureApi, number_of, text_of
from mlops_ci.hosts.azure.attachments import attach
from mlops_ci.hosts.reviews import Posted

# A comment may have 150,000 UTF-16 units, and no text has more of them than bytes in UTF-8.
_LIMIT = 140_000
_ACTIVE, _CLOSED = 1, 4
_TEXT = 1
_OPEN = frozenset({"active", "pending"})


class AzureConversation:
    """The comments of one pull request. A comment's ``id`` is its thread's and its own, as ``12/1``."""

    def __init__(self, api: AzureApi, pull_request: int) -> None:
        self._api = api
        self._pull_request = pull_request
        self._threads = f"pullRequests/{pull_request}/threads"

    @property
    def limit(self) -> int:
        """The most bytes of a body."""
        return _LIMIT

    def ours(self, marker: str) -> list[Posted]:
        """The comments that begin with a marker and that we have written, oldest first.

        Anybody can write a marker, and a thread's properties too: it is the author's identifier that tells.
        """
        begun = self._begun(marker)
        if begun and not self._api.is_known:
            # Who we are may take a while to hear, and what was read before is old by then.
            _ = self._api.identity
            begun = self._begun(marker)
        return [posted for posted, author in begun if author.lower() == self._api.identity.lower()]

    def _begun(self, marker: str) -> list[tuple[Posted, str]]:
        threads = sorted(self._api.many(self._threads), key=number_of)
        return [found for thread in threads if (found := _first(thread)) and found[0].body.startswith(marker)]

    def post(self, body: str, *, resolved: bool) -> Posted:
        """Begin a thread; it is closed at once where nobody has to act."""
        comment = {"parentCommentId": 0, "content": body, "commentType": _TEXT}
        made = self._api.one("POST", self._threads, body={"comments": [comment], "status": _status(resolved)})
        comments = made.get("comments")
        first = comments[0] if isinstance(comments, list) and comments and isinstance(comments[0], dict) else {}
        return Posted(f"{number_of(made)}/{number_of(first)}", body, resolved=resolved)

    def update(self, comment: str, body: Callable[[], str], *, resolved: bool) -> None:
        """Replace the body, and close or open its thread."""
        thread, number = _parts(comment)
        # The text first: an active thread with the old text would ask for what is done.
        place = f"{self._threads}/{thread}/comments/{number}"
        self._api.one("PATCH", place, body=lambda: {"content": body()}, idempotent=True)
        self._api.one("PATCH", f"{self._threads}/{thread}", body={"status": _status(resolved)}, idempotent=True)

    def delete(self, comment: str) -> None:
        """Delete a comment, and with it its thread, unless somebody has answered there."""
        thread, number = _parts(comment)
        try:
            self._api.one("DELETE", f"{self._threads}/{thread}/comments/{number}")
        except ResponseError as error:
            if error.status != 404 and not self._is_gone(thread, number):
                raise

    def picture(self, name: str, png: bytes) -> str | None:
        """Attach a picture to the pull request."""
        return attach(self._api, self._pull_request, name, png)

    def _is_gone(self, thread: str, number: str) -> bool:
        """Whether a comment has been deleted already, of which Azure keeps an empty shell."""
        comments = self._api.many(f"{self._threads}/{thread}/comments")
        return all(item.get("isDeleted") is True for item in comments if str(item.get("id")) == number)


def _first(thread: dict[str, Any]) -> tuple[Posted, str] | None:
    """The comment that began a thread and its author's identifier; None if it is no longer there."""
    comments = thread.get("comments")
    if thread.get("isDeleted") or not isinstance(comments, list) or not comments:
        return None
    first = comments[0]
    if not isinstance(first, dict) or first.get("isDeleted"):
        return None
    status = text_of(thread, "status")
    posted = Posted(
        f"{number_of(thread)}/{number_of(first)}",
        text_of(first, "content"),
        resolved=status not in _OPEN if status else None,
    )
    return posted, text_of(first, "author", "id")


def _parts(comment: str) -> tuple[str, str]:
    thread, _, number = comment.partition("/")
    return thread, number


def _status(resolved: bool) -> int:
    return _CLOSED if resolved else _ACTIVE
