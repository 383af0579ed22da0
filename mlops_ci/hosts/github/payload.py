"""What we read of the JSON that describes an event. https://docs.github.com/webhooks/webhook-events-and-payloads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeVar

from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.records.codec import decode

T = TypeVar("T")

_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REPOSITORY = re.compile(r"(?!\.{1,2}/)[A-Za-z0-9_.-]+/(?!\.{1,2}\Z)[A-Za-z0-9_.-]+")
# What git allows in the name of a branch or a tag, near enough: nothing that git would take for an option, a range
# or a pattern.
_NAME = re.compile(r"(?!-)(?!.*(?:\.\.|@\{))[^\x00-\x20\x7f~^:?*\[\\]{1,1000}")
_NO_COMMIT = re.compile(r"0+")


@dataclass(frozen=True, slots=True)
class Owner:
    """A user or an organisation."""

    login: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository."""

    full_name: str | None = None
    default_branch: str | None = None
    owner: Owner | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """The head or the base of a pull request; of a deleted fork there is no repository."""

    ref: str
    sha: str
    repo: Repository | None = None


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request."""

    number: int
    head: Side
    base: Side


@dataclass(frozen=True, slots=True)
class MergeGroup:
    """Pull requests that a merge queue tests together."""

    head_sha: str
    base_sha: str
    base_ref: str


@dataclass(frozen=True, slots=True)
class Release:
    """A release."""

    tag_name: str


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a workflow."""

    id: int
    event: str
    head_sha: str
    run_attempt: int = 1
    head_branch: str | None = None
    head_repository: Repository | None = None


@dataclass(frozen=True, slots=True)
class AnyEvent:
    """What all events have. ``deleted`` is that of a push."""

    repository: Repository | None = None
    deleted: bool = False
    after: str | None = None

    @property
    def is_deletion(self) -> bool:
        """Whether a branch or a tag went away."""
        return self.deleted or bool(self.after and _NO_COMMIT.fullmatch(self.after))


@dataclass(frozen=True, slots=True)
class PullRequestEvent:
    """``pull_request``."""

    pull_request: Pull
    repository: Repository | None = None


@dataclass(frozen=True, slots=True)
class MergeGroupEvent:
    """``merge_group``."""

    merge_group: MergeGroup
    repository: Repository | None = None


@dataclass(frozen=True, slots=True)
class ReleaseEvent:
    """``release``."""

    release: Release
    repository: Repository | None = None


@dataclass(frozen=True, slots=True)
class WorkflowRunEvent:
    """``workflow_run``."""

    workflow_run: Run
    repository: Repository | None = None


def read(payload: bytes, kind: type[T]) -> T:
    """Read a payload as that of an event.

    Raises:
        UsageError: it is none.
    """
    try:
        return decode(payload, kind, where="the file in GITHUB_EVENT_PATH")
    except IntegrityError as error:
        hint = "is GITHUB_EVENT_NAME the event that it belongs to?"
        raise UsageError(error.what, where=error.where, hint=hint) from error


def sha(text: str) -> str:
    """The full SHA of a commit, checked."""
    return _checked(_SHA, text, "the SHA of a commit")


def name(text: str) -> str:
    """The name of a branch or a tag, checked."""
    return _checked(_NAME, text, "the name of a branch or a tag")


def repository_name(text: str) -> str:
    """``owner/name``, checked: it becomes part of addresses."""
    return _checked(_REPOSITORY, text, "a repository, which is owner/name")


def _checked(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise UsageError(
            f"not {what}", where=repr(text[:80]), hint="GitHub's event or environment says so; what set it?"
        )
    return text
