"""Deletes what is older than a workspace keeps it: runs, results of steps, collected requests.

A job may be at work meanwhile. What belongs to no run that is young, and to no version, it does not need but for the
cache; and what the cache has lost is a miss: its step runs once more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

from mlops_ci.errors import IntegrityError
from mlops_ci.lifecycle.history import RUN_ID
from mlops_ci.project.retention import Retention
from mlops_ci.records.codec import decode
from mlops_ci.records.run import Run
from mlops_ci.records.step_result import StepResult
from mlops_ci.workspace.collected_layout import compacted_day, compacted_days_prefix
from mlops_ci.workspace.layout import (
    COLLECTED,
    PULL_REQUESTS,
    cache_objects_prefix,
    cache_results_prefix,
    cached_name,
    report_key,
    run_key,
    run_of,
    runs_prefix,
)
from mlops_ci.workspace.store import Store, StoredObject

Kind = Literal["runs", "cache", "pull_requests", "collected"]
T = TypeVar("T")
NEWEST = 20  # runs that stay however old they are
_AT_ONCE = 16
_AREAS: dict[str, Kind] = {"": "cache", PULL_REQUESTS: "pull_requests"}


@dataclass(frozen=True, slots=True)
class Expired:
    """What is older than it is kept, of one kind: keys in the order in which they go, and bytes."""

    kind: Kind
    objects: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Expiry:
    """Finds and deletes what has expired.

    ``cache`` is where the cache lies, which may be elsewhere; ``kept`` are the runs of existing versions; ``grace`` is
    how long a job may take between writing an output and the result that names it, or a run and the version it makes.
    """

    store: Store
    cache: Store
    retention: Retention
    kept: Collection[str]
    now: datetime
    grace: timedelta
    dry_run: bool
    _found: dict[Kind, list[StoredObject]] = field(default_factory=dict)

    def run(self) -> tuple[Expired, ...]:
        """Delete it, unless only asked to tell; return what it was."""
        with self.store.together():
            self._expire_cache(self._used())  # while there are the records that tell
            self._expire("runs", self.store, self._runs("", self.retention.runs, NEWEST))
            self._expire("pull_requests", self.store, self._runs(PULL_REQUESTS, self.retention.pull_requests, 0))
            self._expire("collected", self.store, self._collected())
        return tuple(
            Expired(kind, tuple(item.key for item in items), sum(item.size for item in items))
            for kind, items in sorted(self._found.items())
            if items
        )

    def _before(self, days: int) -> datetime:
        return self.now - timedelta(days=days)

    def _expire(self, kind: Kind, store: Store, items: Iterable[StoredObject]) -> None:
        doomed = list(items)
        self._found.setdefault(kind, []).extend(doomed)
        if not self.dry_run:
            for item in doomed:
                store.delete(item.key)

    def _runs(self, area: str, days: int | None, newest: int) -> Iterator[StoredObject]:
        """The objects of expired runs; of each first what it is found by, so that nobody sees half a run."""
        if days is None:
            return
        runs: dict[str, list[StoredObject]] = {}
        for item in self.store.list(runs_prefix(area)):
            if RUN_ID.match(run := run_of(item.key, area)):
                runs.setdefault(run, []).append(item)
        before = self._before(days)
        # A job may have taken longer than runs are kept, and be about to register what its new record is of.
        settled = max(before, self.now - self.grace).timestamp()
        for run in sorted(runs)[: -newest or None]:
            written = max(item.modified for item in runs[run])
            if run not in self.kept and _started(run) < before and written < settled:
                first = {run_key(run, area): 0, report_key(run, area): 1}
                yield from sorted(runs[run], key=lambda item: (first.get(item.key, 2), item.key))

    def _used(self) -> dict[str, datetime]:
        """When each fingerprint was last used by a run that is on record."""
        limits = [days for days in (self.retention.cache, self.retention.pull_requests) if days is not None]
        if not limits:
            return {}
        before = self._before(max(limits))
        keys = [
            item.key
            for area in _AREAS
            for item in self.store.list(runs_prefix(area))
            if RUN_ID.match(run := run_of(item.key, area))
            and item.key == run_key(run, area)
            and _started(run) >= before
        ]
        used: dict[str, datetime] = {}
        for found in _read(self.store, keys, Run).values():
            for step in found.steps:
                if step.fingerprint:
                    used[step.fingerprint] = max(_started(found.id), used.get(step.fingerprint, before))
        return used

    def _expire_cache(self, used: dict[str, datetime]) -> None:
        gone: set[str] = set()
        for area, kind in _AREAS.items():
            doomed = list(self._results(area, kind, used))
            gone |= {item.key for item in doomed}
            self._expire(kind, self.cache, doomed)
        if all(self._days(kind) is None for kind in _AREAS.values()):
            return
        # Looked up only now: what was written meanwhile counts, too.
        needed = self._needed(gone)
        young = (self.now - self.grace).timestamp()
        for area, kind in _AREAS.items():
            if self._days(kind) is not None:
                items = self.cache.list(cache_objects_prefix(area))
                unneeded = (item for item in items if cached_name(item.key) not in needed and item.modified < young)
                self._expire(kind, self.cache, unneeded)

    def _days(self, kind: Kind) -> int | None:
        return self.retention.cache if kind == "cache" else self.retention.pull_requests

    def _results(self, area: str, kind: Kind, used: dict[str, datetime]) -> Iterator[StoredObject]:
        days = self._days(kind)
        if days is None:
            return
        before = self._before(days)
        for item in self.cache.list(cache_results_prefix(area)):
            last = used.get(cached_name(item.key))
            if item.modified < before.timestamp() and (last is None or last < before):
                yield item

    def _needed(self, gone: Collection[str]) -> set[str]:
        """The digests that results which stay have among their outputs, in any area."""
        keys = [
            item.key for area in _AREAS for item in self.cache.list(cache_results_prefix(area)) if item.key not in gone
        ]
        return {file.digest for result in _read(self.cache, keys, StepResult).values() for file in result.outputs}

    def _collected(self) -> Iterator[StoredObject]:
        days = self.retention.collected
        if days is None:
            return
        before = self._before(days).date().isoformat()
        for model in self.store.folders(COLLECTED):
            for item in self.store.list(compacted_days_prefix(model)):
                if compacted_day(model, item.key) < before:
                    yield item


def _started(run: str) -> datetime:
    """When a run began, which its id begins with; one of no time that there is stays for ever."""
    try:
        return datetime.strptime(run[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)


def _read(store: Store, keys: list[str], kind: type[T]) -> dict[str, T]:
    """Records that are there and whole."""

    def one(key: str) -> T | None:
        data = store.get(key)
        try:
            return None if data is None else decode(data, kind, where=key)
        except IntegrityError:  # torn by a power cut: nobody can use it either
            return None

    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="retention") as pool:
        found = zip(keys, pool.map(one, keys), strict=True)
        return {key: record for key, record in found if record is not None}
