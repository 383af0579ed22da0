"""The Protocol of what a host knows of pull requests: comments, pictures, statuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mlops_ci.records.conclusion import Conclusion


@dataclass(frozen=True, slots=True)
class Posted:
    """A comment as it stands on the host. ``id`` is the host's; ``resolved`` is None where a host has no such thing."""

    id: str
    body: str
    resolved: bool | None = None


class Conversation(Protocol):
    """The comments of one pull request. Each method is one request or few, and raises what ``edge.http`` raises."""

    @property
    def limit(self) -> int:
        """The most bytes (UTF-8) that a comment's body may have, with room to spare."""
        ...

    def ours(self, marker: str) -> list[Posted]:
        """The comments that begin with a marker and that we have written, oldest first; nobody else's."""
        ...

    def post(self, body: str, *, resolved: bool) -> Posted:
        """Write a new comment. ``resolved`` says that nothing in it asks anybody to act."""
        ...

    def update(self, comment: str, body: Callable[[], str], *, resolved: bool) -> None:
        """Replace the body of a comment of ours; each attempt makes it anew, as others write while one waits."""
        ...

    def delete(self, comment: str) -> None:
        """Delete a comment of ours; one that is gone already is fine."""
        ...

    def picture(self, name: str, png: bytes) -> str | None:
        """Keep a picture and return the address at which a comment can show it; None where comments cannot."""
        ...


class Reviews(Protocol):
    """The pull requests of a repository."""

    def conversation(self, number: int) -> Conversation:
        """The comments of a pull request."""
        ...

    def is_open(self, number: int) -> bool:
        """Whether a pull request waits for its merge."""
        ...

    def merged_as(self, commit: str) -> int | None:
        """The pull request whose merge made a commit of the default branch; None if none did."""
        ...

    def of_head(self, owner: str, branch: str, commit: str) -> int | None:
        """The open pull request of a branch, of a fork too, whose newest commit is this one."""
        ...

    def conclude(self, conclusion: Conclusion, pull_request: int | None) -> None:
        """Set the check run or status of a model at a commit, replacing an earlier one of the same commit."""
        ...
