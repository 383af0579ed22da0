"""A file, known by its path and content."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file: its path relative to the project, the digest of its content and its size in bytes."""

    path: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as a storage shows it without sending it: its name there, bytes, etag and version, where it says so."""

    name: str
    size: int | None
    tag: str | None
    version: str | None = None
