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
