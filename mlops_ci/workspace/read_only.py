"""A workspace that a job may read and must not change."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from mlops_ci.edge.scratch import scratch_folder_of
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.store import Store, StoredObject, Written


class ReadOnlyStore:
    """Reads a storage; what is written stays on this machine, is read back, and is gone with this object.

    So a journey goes as it would where it may write, and leaves nothing. ``below`` is None where there is nothing to
    read either.
    """

    def __init__(self, below: Store | None, url: str) -> None:
        self._below = below
        self._url = url
        self._own = LocalStore(scratch_folder_of(self) / "written")
        self._deleted: set[str] = set()

    @property
    def url(self) -> str:
        """Where it would be written, if it could be."""
        return self._url

    def get(self, key: str) -> bytes | None:
        """Return an object's bytes."""
        own = self._own.get(key)
        below = self._beneath(key)
        return below.get(key) if own is None and below else own

    def create(self, key: str, data: bytes) -> bool:
        """Create an object here, if the key is free in both."""
        below = self._beneath(key)
        if below and below.get(key) is not None:
            return False
        return self._own.create(key, data)

    def put(self, key: str, data: bytes) -> None:
        """Write an object here, in front of the one below."""
        self._own.put(key, data)

    def upload(self, key: str, source: Path) -> Written:
        """Create an object here from a file."""
        return self._own.upload(key, source)

    def download(self, key: str, target: Path) -> Written | None:
        """Write an object to a new file."""
        own = self._own.download(key, target)
        below = self._beneath(key)
        return below.download(key, target) if own is None and below else own

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects of both, sorted; ours goes before one of the same key."""
        below = self._below.list(prefix) if self._below else iter(())
        last = None
        for item, is_own in heapq.merge(
            ((item, True) for item in self._own.list(prefix)),
            ((item, False) for item in below),
            key=lambda found: (found[0].key, not found[1]),
        ):
            if item.key != last and (is_own or item.key not in self._deleted):
                yield item
                last = item.key

    def folders(self, prefix: str) -> Sequence[str]:
        """The folders of both."""
        return sorted({*self._own.folders(prefix), *(self._below.folders(prefix) if self._below else ())})

    def delete(self, key: str) -> None:
        """Delete an object from sight."""
        self._own.delete(key)
        self._deleted.add(key)

    def together(self) -> AbstractContextManager[None]:
        """There is nobody to see writes before they are all done."""
        return nullcontext()

    def sweep(self, before: float) -> int:  # noqa: ARG002 - the Protocol's signature
        """There are no remains but those of others, which are not ours to remove."""
        return 0

    def _beneath(self, key: str) -> Store | None:
        return None if key in self._deleted else self._below
