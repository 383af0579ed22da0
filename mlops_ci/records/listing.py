"""Models and versions for programs that can read nothing but JSON over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlops_ci.records.files import FileRecord

LISTING_FORMAT = 1


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """A version in short. ``files`` lie below ``objects``, which is relative to the top of the workspace."""

    version: int
    commit: str | None
    created: str
    digest: str
    objects: str
    files: tuple[FileRecord, ...]
    aliases: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VersionListing:
    """The versions of a model, newest first, as of entry ``seq`` of its log.

    Long lists hold the newest and those that aliases point to; ``complete`` tells whether that is all.
    """

    format: int
    model: str
    seq: int
    complete: bool
    versions: tuple[ListedVersion, ...]


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model in short, as of entry ``seq`` of its log. ``listing`` is relative to the top of the workspace."""

    name: str
    seq: int
    versions: int
    newest: int | None
    aliases: dict[str, int]
    listing: str


@dataclass(frozen=True, slots=True)
class ModelListing:
    """All models of a workspace, by name."""

    format: int
    models: tuple[ListedModel, ...]
