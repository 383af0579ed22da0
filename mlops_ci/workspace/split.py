"""A workspace in two places: the logs where little is written often, the files where there is room."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from mlops_ci.errors import MlopsError, RemoteError
from mlops_ci.workspace.layout import is_bulk
from mlops_ci.workspace.leaving import surely
from mlops_ci.workspace.store import Store, StoredObject, Written


class SplitStore:
    """Files of models, the cache and the files of runs in one storage, all else in another.

    Files go first, at once; what names them follows with the log. So no reader ever looks for a file in vain. A file
    that is still with the log, from the time before there were two places, is found there.
    """

    def __init__(self, log: Store, files: Store) -> None:
        self.log = log
        self.files = files
        self._lock = threading.RLock()
        self._held: ExitStack | None = None  # the files' part of the outermost ``together``
        self._uploaded = False
        self._broken: MlopsError | None = None

    @property
    def url(self) -> str:
        """Both places."""
        return f"{self.log.url},files={self.files.url}"

    def get(self, key: str) -> bytes | None:
        """Return an object's bytes, or None where there is none."""
        found = self._of(key).get(key)
        return self.log.get(key) if found is None and is_bulk(key) else found

    def create(self, key: str, data: bytes) -> bool:
        """Create an object if the key is free; files that were uploaded before are there before it is."""
        if not is_bulk(key):
            self._settle_files()
        return self._of(key).create(key, data)

    def put(self, key: str, data: bytes) -> None:
        """Replace an object."""
        self._of(key).put(key, data)

    def upload(self, key: str, source: Path) -> Written:
        """Create an object from a file."""
        try:
            return self._of(key).upload(key, source)
        finally:
            self._uploaded = True  # afterwards: whoever uploaded finds it set, even if another thread settles meanwhile

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
        """Writes to both by the end; files are there before what names them."""
        with self.log.together(), ExitStack() as leaving:
            with self._lock:
                if self._held is None:
                    leaving.push(self._leave_files)  # first: whatever ends the rest is left
                    self._held = ExitStack()
                    self._held.enter_context(self.files.together())
            yield

    def sweep(self, before: float) -> int:
        """Remove the remains of cut-off writes in both places."""
        return self.log.sweep(before) + self.files.sweep(before)

    def _leave_files(self, *error: Any) -> bool | None:
        with surely(self._lock):  # no other thread settles meanwhile
            held, broken, self._held, self._broken = self._held, self._broken, None, None
            ended = held.__exit__(*error) if held else None
        if broken and error[0] is None:
            raise broken  # whoever uploaded what is gone need not have heard of it
        return ended

    def _settle_files(self) -> None:
        with self._lock:
            if self._broken:
                raise self._broken
            if self._held is None or not self._uploaded:
                return
            self._broken = RemoteError("uploads were cut off", where=self.files.url, hint="run the command again")
            self._uploaded = False
            try:
                self._held.close()
            except MlopsError as error:
                self._broken = error  # whatever rests on them must not be written either
                raise
            self._broken = None  # only now: a signal may end this anywhere, and other threads go on
            self._held.enter_context(self.files.together())

    def _of(self, key: str) -> Store:
        return self.files if is_bulk(key) else self.log
