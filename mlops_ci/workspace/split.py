"""A workspace in two places: the logs where little is written often, the files where there is room."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mlops_ci.workspace.layout import is_bulk
from mlops_ci.workspace.store import Store, StoredObject, Written


class SplitStore:
    """Files of models, the cache and the files of runs in one storage, all else in another.

    Files go first, at once; what names them follows with the log. So no reader ever looks for a file in vain. A file
    that is still with the log, from the time before there were two places, is found there.
    """

    def __init__(self, log: Store, files: Store) -> None:
        self.log = log
        self.files = files

    @property
    def url(self) -> str:
        """Both places."""
        return f"{self.log.url},files={self.files.url}"

    def get(self, key: str) -> bytes | None:
        """Return an object's bytes, or None where there is none."""
        found = self._of(key).get(key)
        return self.log.get(key) if found is None and is_bulk(key) else found

    def create(self, key: str, data: bytes) -> bool:
        """Create an object if the key is free."""
        return self._of(key).create(key, data)

    def put(self, key: str, data: bytes) -> None:
        """Replace an object."""
        self._of(key).put(key, data)

    def upload(self, key: str, source: Path) -> Written:
        """Create an object from a file."""
        return self._of(key).upload(key, source)

    def download(self, key: str, target: Path) -> Written | None:
        """Write an object to a new file."""
        found = self._of(key).download(key, target)
        return self.log.download(key, target) if found is None and is_bulk(key) else found

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects of both places below a folder of keys, sorted."""
        files = (item for item in self.files.list(prefix) if is_bulk(item.key))
        last = None
        for item in heapq.merge(files, self.log.list(prefix), key=lambda item: item.key):
            if item.key != last:
                yield item
            last = item.key

    def folders(self, prefix: str) -> Sequence[str]:
        """The folders of both places."""
        return sorted({*self.log.folders(prefix), *self.files.folders(prefix)})

    def delete(self, key: str) -> None:
        """Delete an object."""
        for place in (self.files, self.log) if is_bulk(key) else (self.log,):
            place.delete(key)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Writes to both at the end; files, left first, are there before what names them."""
        with self.log.together(), self.files.together():
            yield

    def sweep(self, before: float) -> int:
        """Remove the remains of cut-off writes in both places."""
        return self.log.sweep(before) + self.files.sweep(before)

    def _of(self, key: str) -> Store:
        return self.files if is_bulk(key) else self.log
