"""The software a step runs with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_PIP_PART = "\n--- # what pip adds\n"


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


@dataclass(frozen=True, slots=True)
class CondaLock:
    """A lock in its two parts; ``pip`` is empty where pip adds nothing."""

    conda: str
    pip: str

    @classmethod
    def read(cls, text: str) -> CondaLock:
        """The parts of a lock's text."""
        conda, _, pip = text.partition(_PIP_PART)
        return cls(conda, pip)

    @property
    def text(self) -> str:
        """The whole lock."""
        return self.conda + _PIP_PART + self.pip if self.pip else self.conda
