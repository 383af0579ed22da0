"""A store in memory that, like git, keeps writes that belong together to itself until they are all seen at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mlops_ci.workspace.store import LostRaceError, StoredObject
from tests.workspace.memory import MemoryStore


class StagingStore(MemoryStore):
    """One client of a remote. ``before_push`` is called before the next push: somebody else's turn, or a failure."""

    def __init__(self, remote: MemoryStore | None = None) -> None:
        super().__init__()
        self.remote = remote or MemoryStore()
        self.before_push: Callable[[], object] | None = None
        self.pushes = 0
        self._depth = 0
        self._base: dict[str, bytes] = {}
        self._claimed: set[str] = set()
        self._staging = threading.RLock()
        self._look()

    def get(self, key: str) -> bytes | None:
        self._look()
        return super().get(key)

    def create(self, key: str, data: bytes) -> bool:
        with self.together():
            if not super().create(key, data):
                return False
            self._claimed.add(key)
        return True

    def put(self, key: str, data: bytes) -> None:
        with self.together():
            super().put(key, data)

    def delete(self, key: str) -> None:
        with self.together():
            super().delete(key)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        self._look()
        return super().list(prefix)

    @contextmanager
    def together(self) -> Iterator[None]:
        with self._staging:
            self._look()
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    self._push()
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._claimed.clear()
                    self._look()

    def _look(self) -> None:
        if self._depth == 0:
            self._base = dict(self.remote.objects)
            self.objects = dict(self._base)
            self._modified = {**dict.fromkeys(self.objects, 0.0), **self.remote._modified}

    def _push(self) -> None:
        changed = {key: data for key, data in self.objects.items() if self._base.get(key) != data}
        gone = self._base.keys() - self.objects.keys()
        if not changed and not gone:
            return
        if self.before_push:
            turn, self.before_push = self.before_push, None
            turn()
        with self.remote._lock:
            if any(key in self.remote.objects and key not in self._base for key in self._claimed):
                raise LostRaceError("somebody else was faster", where="the remote")
            for key, data in changed.items():
                self.remote._write(key, data)
            for key in gone:
                self.remote.objects.pop(key, None)
        self.pushes += 1
