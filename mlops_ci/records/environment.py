"""The software a step runs with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class EnvironmentLock:
    """What pins the software of a run.

    ``kind`` is ``pip`` for requirements locked with hashes, ``conda`` for the lock of an ``environment.yml``, and
    ``interpreter`` where the project names no environment and the installed ``name==version`` pairs stand in for the
    lock. ``digest`` is of ``text``. ``platform`` is as pip or conda calls it.
    """

    kind: Literal["pip", "conda", "interpreter"]
    python: str
    platform: str
    digest: str
    text: str
