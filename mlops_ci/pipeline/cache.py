"""Results of steps, kept by content in a workspace.

Objects are written before the result that names them, so that a result never promises what is not there. A pull
request writes to an area of its own; who reads whose area is decided by whoever builds the cache.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_ci.errors import IntegrityError, MlopsError
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.files import FileRecord
from mlops_ci.records.step_result import LastResult, StepResult
from mlops_ci.workspace.layout import cache_lock_key, cache_object_key, cache_result_key, last_result_key
from mlops_ci.workspace.store import Store


class DamagedCacheError(IntegrityError):
    """An object of the cache is missing or has other bytes; its step has to run again.

    ``reason`` says which of it: what was never kept is no damage.
    """

    def __init__(self, file: FileRecord, fingerprint: str, *, other_bytes: bool) -> None:
        self.reason = f"{file.path} is {'damaged' if other_bytes else 'not'} in the cache"
        super().__init__(self.reason, hint="run again with --force")
        self.file = file
        self.fingerprint = fingerprint


@dataclass(frozen=True, slots=True)
class StepCache:
    """A cache that reads several areas of a store, in order, and writes to the first."""

    store: Store
    areas: Sequence[str]
    model: str

    def find(self, fingerprint: str) -> StepResult | None:
        """The result of a step with this fingerprint."""
        for area in self.areas:
            key = cache_result_key(fingerprint, area)
            data = self.store.get(key)
            if data is not None:
                try:
                    return decode(data, StepResult, where=key)
                except IntegrityError:  # torn by a power cut: as good as never written
                    if area == self.areas[0]:
                        self.store.delete(key)
        return None

    def fetch(self, file: FileRecord, fingerprint: str, target: Path) -> None:
        """Write an output to ``target``, verified.

        Raises:
            DamagedCacheError: no area has it whole.
        """
        other_bytes = False
        for area in self.areas:
            written = self.store.download(cache_object_key(file.digest, area), target)
            if written and written.digest == file.digest:
                return
            other_bytes = other_bytes or written is not None
            target.unlink(missing_ok=True)
        raise DamagedCacheError(file, fingerprint, other_bytes=other_bytes)

    def remember(self, result: StepResult, contents: Mapping[str, Path], *, anew: bool) -> None:
        """Keep a result and those of its outputs that are given, by digest; who needs another has its step run again.

        ``anew`` replaces what is there, in case it is damaged.
        """
        if anew:
            self.forget(result.fingerprint)
        for file in (file for file in result.outputs if file.digest in contents):
            if anew:
                self.store.delete(cache_object_key(file.digest, self.areas[0]))
            self.store.upload(cache_object_key(file.digest, self.areas[0]), contents[file.digest])
        self.store.create(cache_result_key(result.fingerprint, self.areas[0]), encode(result))

    def forget(self, fingerprint: str, damaged: FileRecord | None = None) -> None:
        """Drop a result of our own area, and an object of it that is damaged, so that both can be written anew."""
        self.store.delete(cache_result_key(fingerprint, self.areas[0]))
        if damaged:
            self.store.delete(cache_object_key(damaged.digest, self.areas[0]))

    def last(self, step: str, seed: int | None) -> LastResult | None:
        """What the newest execution of a step for a seed saw; a hint, so that a damaged one is no error."""
        for area in self.areas:
            key = last_result_key(self.model, step, seed, area)
            data = self.store.get(key)
            if data is not None:
                try:
                    return decode(data, LastResult, where=key)
                except MlopsError:
                    continue
        return None

    def note_last(self, step: str, seed: int | None, last: LastResult) -> None:
        """Remember what the newest execution of a step for a seed saw."""
        self.store.put(last_result_key(self.model, step, seed, self.areas[0]), encode(last))

    def find_lock(self, requirements: str) -> EnvironmentLock | None:
        """The lock resolved before for requirements with this digest."""
        for area in self.areas:
            key = cache_lock_key(requirements, area)
            data = self.store.get(key)
            try:
                lock = decode(data, EnvironmentLock, where=key) if data is not None else None
            except IntegrityError:
                lock = None
            if lock and lock.digest == digest_of_bytes(lock.text.encode()):
                return lock
        return None

    def remember_lock(self, requirements: str, lock: EnvironmentLock) -> EnvironmentLock:
        """Keep a lock, and return the one to use: another job may have been faster."""
        self.store.create(cache_lock_key(requirements, self.areas[0]), encode(lock))
        return self.find_lock(requirements) or lock
