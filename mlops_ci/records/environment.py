"""The software a step runs with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class EnvironmentLock:
    """What pins the software of a run.

    ``kind`` is ``pip`` for requirements locked with hashes and ``interpreter`` where the project names no
    environment and the installed ``name==version`` pairs stand in for the lock. ``digest`` is of ``text``.
    """

    kind: Literal["pip", "interpreter"]
    python: str
    platform: str
    digest: str
    text: str
