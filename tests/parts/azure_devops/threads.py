"""Threads of a pull request and their comments."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.parts.azure_devops.replies import RefusedError, now
from tests.parts.azure_devops.shapes import COMMENT_TYPES, THREAD_STATUSES, named

MOST_COMMENTS = 500
_TYPES = {str: "System.String", bool: "System.Boolean", int: "System.Int32", float: "System.Double"}


def identity(name: str) -> dict[str, str]:
    """Somebody, as the service shows them; the id stays when a name changes."""
    return {"displayName": name, "uniqueName": name, "id": str(uuid.uuid5(uuid.NAMESPACE_OID, name))}


@dataclass
class Comment:
    """A comment; ``parent`` 0 starts a thread. A deleted one stays, without its content."""

    number: int
    author: str
    content: str
    kind: str = "text"
    parent: int = 0
    deleted: bool = False
    published: str = field(default_factory=now)
    updated: str = field(default_factory=now)

    def shown(self) -> dict[str, Any]:
        """As the service shows it."""
        body: dict[str, Any] = {
            "id": self.number,
            "parentCommentId": self.parent,
            "author": identity(self.author),
            "publishedDate": self.published,
            "lastUpdatedDate": self.updated,
            "lastContentUpdatedDate": self.updated,
            "commentType": self.kind,
            "usersLiked": [],
        }
        return body | ({"isDeleted": True} if self.deleted else {"content": self.content})


@dataclass
class Thread:
    """A thread; ``status`` is None where nobody has given one, as of what the service itself writes."""

    number: int
    status: str | None = None
    comments: list[Comment] = field(default_factory=list)
    properties: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] | None = None
    published: str = field(default_factory=now)
    updated: str = field(default_factory=now)

    def shown(self) -> dict[str, Any]:
        """As the service shows it."""
        body: dict[str, Any] = {
            "pullRequestThreadContext": None,
            "id": self.number,
            "publishedDate": self.published,
            "lastUpdatedDate": self.updated,
            "comments": [each.shown() for each in self.comments],
            "threadContext": self.context,
            "properties": self.properties,
            "identities": None,
            "isDeleted": all(each.deleted for each in self.comments),
        }
        return body | ({"status": self.status} if self.status else {})

    def comment(self, number: str) -> Comment:
        """A comment, by its number.

        Raises:
            RefusedError: it has none of that number.
        """
        for each in self.comments:
            if str(each.number) == number:
                return each
        raise RefusedError(404, "GitPullRequestCommentNotFoundException", f"The comment {number} was not found.")

    def add(self, body: dict[str, Any], author: str) -> Comment:
        """Write a comment.

        Raises:
            RefusedError: the thread is full, or the comment to answer is not there.
        """
        if len(self.comments) >= MOST_COMMENTS:
            message = f"The number of comments in a thread is limited to {MOST_COMMENTS}."
            raise RefusedError(400, "CodeReviewMaxCommentCountException", message)
        parent = body.get("parentCommentId", 0)
        if parent:
            self.comment(str(parent))
        kind = named(body.get("commentType", "text"), COMMENT_TYPES)
        self.comments.append(Comment(len(self.comments) + 1, author, body["content"], kind, parent))
        self.updated = now()
        return self.comments[-1]

    def update(self, body: dict[str, Any]) -> None:
        """Change its status or its properties."""
        if "status" in body:
            self.status = named(body["status"], THREAD_STATUSES)
        self.properties |= typed(body.get("properties", {}))
        self.updated = now()


def edit(comment: Comment, author: str, content: str | None) -> None:
    """Change a comment, or with None delete it.

    Raises:
        RefusedError: somebody else wrote it, or it is deleted.
    """
    if comment.author != author or comment.deleted:
        message = "The comment cannot be updated: it is deleted, or another identity wrote it."
        raise RefusedError(403, "GitPullRequestCommentCannotBeUpdatedException", message)
    comment.deleted = content is None
    comment.content = content or ""
    comment.updated = now()


def typed(properties: dict[str, Any]) -> dict[str, Any]:
    """Properties as the service shows them: with their .NET type."""
    return {
        name: value if isinstance(value, dict) else {"$type": _TYPES[type(value)], "$value": value}
        for name, value in properties.items()
    }
