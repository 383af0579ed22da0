"""The environment of a run that happened elsewhere: its lock is known, and nothing is built."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlops_ci.records.environment import EnvironmentLock


@dataclass(frozen=True, slots=True)
class ClaimedEnvironment:
    """What pinned the software of another job."""

    claimed: EnvironmentLock

    def lock(self) -> EnvironmentLock:
        """What pinned it."""
        return self.claimed

    def executables(self) -> Path:
        """Never asked for: where a run is taken over, no step runs."""
        raise AssertionError("a run that is taken over runs no step")
