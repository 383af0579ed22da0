"""The first object of a workspace."""

from __future__ import annotations

from dataclasses import dataclass

WORKSPACE_FORMAT = 1


@dataclass(frozen=True, slots=True)
class WorkspaceFormat:
    """What a workspace is and which features its writers must know. Never changed once created."""

    format: int
    id: str
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FilesElsewhere:
    """Says in the place of a workspace's log where its files are, for those who open the log alone."""

    files: str
