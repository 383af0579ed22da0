"""The environment that a run had, of its record: nothing is resolved, and the file that named it need not be here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.conda_environment import CondaEnvironment
from mlops_ci.pipeline.environment import Environment, PipEnvironment
from mlops_ci.records.environment import EnvironmentLock

_WHERE = "the recorded lock"


def recorded_environment(
    lock: EnvironmentLock, folder: Path, cache: StepCache, environ: Mapping[str, str]
) -> Environment:
    """The environment of a lock that pins packages, of pip or conda."""
    kind = _RecordedConda if lock.kind == "conda" else _RecordedPip
    return kind(lock, folder, cache, environ)


class _RecordedPip(PipEnvironment):
    def __init__(self, lock: EnvironmentLock, folder: Path, cache: StepCache, environ: Mapping[str, str]) -> None:
        super().__init__(_WHERE, lock.python, folder, cache, environ)
        self._recorded = lock

    def _find_lock(self) -> EnvironmentLock:
        return self._recorded


class _RecordedConda(CondaEnvironment):
    def __init__(self, lock: EnvironmentLock, folder: Path, cache: StepCache, environ: Mapping[str, str]) -> None:
        super().__init__(_WHERE, lock.python, folder, cache, environ)
        self._recorded = lock

    def _find_lock(self) -> EnvironmentLock:
        return self._recorded
