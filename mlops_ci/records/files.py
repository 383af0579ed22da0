"""A file, known by its path and content."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file: its path relative to the project, the digest of its content and its size in bytes."""

    path: str
    digest: str
    size: int
