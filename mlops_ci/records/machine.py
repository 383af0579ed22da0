"""The hardware and operating system of a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a run took place. ``memory`` is in bytes; zero where the system does not tell."""

    system: str
    architecture: str
    processors: int
    memory: int
    python: str
