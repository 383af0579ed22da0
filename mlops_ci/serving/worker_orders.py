"""What the supervisor tells a worker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Orders:
    """What a worker is to do. ``listen``, ``counters`` and ``parent`` are descriptors that it inherits."""

    package: str
    worker: int
    workers: int
    listen: int
    counters: int
    parent: int
    log_level: str
