"""Collectors of garbage race with writers, some of which stall with their upload done: nothing live is ever eaten.

``MLOPS_CI_SOAK=1`` races more often.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mlops_ci.registry.collect import attempts_in_use, collect
from mlops_ci.registry.register import Registered, register
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.layout import log_sequence, objects_prefix
from mlops_ci.workspace.store import Store, StoredObject, Written
from tests.parts.backends import Backend
from tests.parts.need import soak
from tests.registry.making import MODEL, open_log, registration, require_whole, sha

STALLED, WRITERS, COLLECTORS, VERSIONS = 2, 2, 2, 2
TOMORROW = datetime.now(UTC) + timedelta(days=1)


class StallingStore:
    """A store whose client, its upload done, waits before its first entry until the signal."""

    def __init__(self, store: Store, stalled: threading.Semaphore, signal: threading.Event) -> None:
        self._store = store
        self._stalled = stalled
        self._signal = signal

    @property
    def url(self) -> str:
        return self._store.url

    def create(self, key: str, data: bytes) -> bool:
        if log_sequence(key) and not self._signal.is_set():
            list(self.list(objects_prefix(MODEL)))  # it is in the midst of the creation: its uploads are to be seen
            self._stalled.release()
            assert self._signal.wait(300)
        return self._store.create(key, data)

    def get(self, key: str) -> bytes | None:
        return self._store.get(key)

    def put(self, key: str, data: bytes) -> None:
        self._store.put(key, data)

    def upload(self, key: str, source: Path) -> Written:
        return self._store.upload(key, source)

    def download(self, key: str, target: Path) -> Written | None:
        return self._store.download(key, target)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        return self._store.list(prefix)

    def folders(self, prefix: str) -> Sequence[str]:
        return self._store.folders(prefix)

    def delete(self, key: str) -> None:
        self._store.delete(key)

    def together(self) -> AbstractContextManager[None]:
        return self._store.together()

    def sweep(self, before: float) -> int:
        return self._store.sweep(before)


def _register(store: Store, sources: Path, name: str, *, in_group: bool = False) -> Registered:
    files = {"model.bin": f"bytes of {name}".encode() * 100, "labels.json": b"[]"}
    log, request = open_log(store), registration(sources, sha(name), name, files=files)

    def both() -> Registered:
        done = register(log, request)
        set_tags(log, done.version.version, {"whole": name})
        return done

    return log.together(both) if in_group else register(log, request)


def test_collectors_that_race_with_writers_leave_no_version_without_its_files(backend: Backend, sources: Path) -> None:
    for turn in range(soak(1, 3 if backend.name == "git" else 20)):
        _race(backend, sources, turn)


def _race(backend: Backend, sources: Path, turn: int) -> None:
    stalled, signal, condemned, stop = threading.Semaphore(0), threading.Event(), threading.Event(), threading.Event()

    def write(number: int) -> None:
        store = backend.open()
        for n in range(VERSIONS):
            assert _register(store, sources, f"writer {turn} {number} {n}", in_group=n > 0).how == "created"

    def stall(number: int) -> None:
        store = StallingStore(backend.open(), stalled, signal)
        assert _register(store, sources, f"stalled {turn} {number}", in_group=number > 0).how == "created"

    pause = 2.0 if backend.name == "git" else 0.05  # so that a writer gets an entry in between

    def sweep(_: int) -> None:
        log = open_log(backend.open())
        while not stop.wait(pause):
            if collect(log, now=TOMORROW, grace=timedelta(0)).attempts:
                condemned.set()

    with ThreadPoolExecutor(STALLED + WRITERS + COLLECTORS) as pool:
        waiting = [pool.submit(stall, number) for number in range(STALLED)]
        for _ in range(STALLED):
            assert stalled.acquire(timeout=300)
        collectors = [pool.submit(sweep, number) for number in range(COLLECTORS)]
        try:
            for job in [pool.submit(write, number) for number in range(WRITERS)]:
                job.result()
            # In git nobody sees an upload before its entry, and so nobody condemns it.
            assert backend.name == "git" or condemned.wait(300), "the stalled writers' uploads were not even condemned"
            signal.set()
            for job in waiting:
                job.result()
        finally:
            signal.set()
            stop.set()
        for job in collectors:
            job.result()
    collect(open_log(backend.open()), now=TOMORROW, grace=timedelta(0))
    state = require_whole(backend.open())
    assert len(state.versions) == (turn + 1) * (STALLED + WRITERS * VERSIONS)
    assert not attempts_in_use(state) & state.condemned
