"""A store in memory: the reference model of the Protocol, and the base of the simulators of the tests."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from mlops_ci.errors import IntegrityError, RemoteError
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.workspace.store import StoredObject, Written

_CHUNK = 1 << 20


class MemoryStore:
    """Strongly consistent, as the object stores are; every thread sees what every other has written."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self._modified: dict[str, float] = {}
        self._time = 0.0
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return "memory://"

    def get(self, key: str) -> bytes | None:
        with self._lock:
            return self.objects.get(_key(key))

    def create(self, key: str, data: bytes) -> bool:
        with self._lock:
            if _key(key) in self.objects:
                return False
            self._write(key, data)
            return True

    def put(self, key: str, data: bytes) -> None:
        with self._lock:
            self._write(_key(key), data)

    def upload(self, key: str, source: Path) -> Written:
        try:
            data = source.read_bytes()
        except OSError as error:
            raise RemoteError("the source cannot be read", where=key) from error
        self.create(key, data)
        return Written(digest_of_bytes(data), len(data))

    def download(self, key: str, target: Path) -> Written | None:
        data = self.get(key)
        if data is None:
            return None
        digest = hashlib.sha256()
        try:
            with target.open("xb") as file:
                for start in range(0, len(data), _CHUNK):
                    chunk = data[start : start + _CHUNK]
                    digest.update(chunk)
                    file.write(chunk)
        except OSError as error:
            raise RemoteError("the target cannot be written", where=key) from error
        return Written(f"sha256:{digest.hexdigest()}", len(data))

    def list(self, prefix: str) -> Iterator[StoredObject]:
        if prefix:
            assert prefix.endswith("/"), "the Protocol lists folders of keys only"
            _key(prefix.removesuffix("/"))
        with self._lock:
            found = sorted(key for key in self.objects if key.startswith(prefix))
            items = [StoredObject(key, len(self.objects[key]), self._modified[key]) for key in found]
        yield from items

    def folders(self, prefix: str) -> Sequence[str]:
        below = (item.key.removeprefix(prefix).split("/") for item in self.list(prefix))
        return sorted({parts[0] for parts in below if len(parts) > 1})

    def delete(self, key: str) -> None:
        with self._lock:
            self.objects.pop(_key(key), None)

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    def sweep(self, before: float) -> int:
        return 0

    def _write(self, key: str, data: bytes) -> None:
        self._time += 1
        self.objects[key] = bytes(data)
        self._modified[key] = self._time


def _key(key: str) -> str:
    if any(part in {"", ".", ".."} for part in key.split("/")) or re.search("[\0\ud800-\udfff]", key):
        raise IntegrityError("not a key of the workspace", where=repr(key))
    return key
