"""A dataset at one moment: its digest and a first profile."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column: its type, missing values, and range.

    ``minimum`` and ``maximum`` are absent where the type has no order, where all values are missing, and
    where the name suggests personal data.
    """

    name: str
    type: str
    missing: int
    minimum: float | str | None = None
    maximum: float | str | None = None


@dataclass(frozen=True, slots=True)
class DatasetProfile:
    """Rows and columns of a table."""

    rows: int
    columns: tuple[ColumnProfile, ...]


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """A dataset's content: files, total bytes, digest, and a profile where it is a table."""

    path: str
    digest: str
    size: int
    files: int
    profile: DatasetProfile | None = None
