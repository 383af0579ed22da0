"""Reads files of the workspace, and fetches those that are missing in as few requests as makes sense.

A request costs more than many small files. Of a log one reads all entries, and of the runs all records: with a file
that is missing come the small ones of its folder, and those of its name in the folders beside. Large ones come only
when they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from mlops_ci.errors import IntegrityError
from mlops_ci.workspace.git.line import Line

_SMALL = 64 << 10
_MOST_FILES = 2000
_MOST_BYTES = 8 << 20
_MEMORY = 32 << 20


class Blobs:
    """The files of a workspace."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._held: dict[str, bytes] = {}
        self._room = _MEMORY

    def read(self, path: str, blob: str) -> bytes:
        """The bytes of a file.

        Raises:
            RemoteError: it cannot be fetched.
            IntegrityError: the remote does not have it.
        """
        if blob not in self._held:
            self._fetch(path, blob)
            here = self._line.clone.sizes([blob, *self._companions(path)])
            self._hold({blob, *(each for each, size in here.items() if size <= _SMALL)})
        data = self._held[blob]
        if len(data) > _SMALL:
            self.forget(blob)
        return data

    @contextmanager
    def open(self, path: str, blob: str) -> Iterator[tuple[IO[bytes], int]]:
        """A file as a stream, and its size."""
        self._fetch(path, blob)
        size = self._line.clone.sizes([blob])[blob]
        with self._line.clone.open(blob) as stream:
            yield stream, size

    def sizes(self, blobs: set[str]) -> dict[str, int]:
        """The sizes of files; those that no commit of ours tells are fetched and measured."""
        told = self._line.view.history.sizes
        unknown = blobs - told.keys()
        if not unknown:
            return told
        measured = self._line.clone.sizes(unknown)
        self._line.get_blobs(unknown - measured.keys())
        told |= measured if measured.keys() >= unknown else self._line.clone.sizes(unknown)
        return told

    def forget(self, blob: str) -> None:
        """Hold a file no longer."""
        self._room += len(self._held.pop(blob, b""))

    def _hold(self, blobs: set[str]) -> None:
        if self._room < 0:
            self._held.clear()
            self._room = _MEMORY
        for blob, data in self._line.clone.read(blobs - self._held.keys()):
            self._held[blob] = data
            self._room -= len(data)

    def _fetch(self, path: str, blob: str) -> None:
        if blob not in self._line.clone.sizes([blob]):
            wanted = [blob, *self._companions(path)]
            try:
                self._line.get_blobs(set(wanted) - self._line.clone.sizes(wanted).keys())
            except IntegrityError:  # be it only another one that is lost
                self._line.get_blobs([blob])

    def _companions(self, path: str) -> list[str]:
        """Small files that are likely to be read next, those after it first."""
        files, sizes = self._line.view.files, self._line.view.history.sizes
        folder, _, name = path.rpartition("/")
        beside = folder.rpartition("/")[0]
        room, chosen = _MOST_BYTES, list[str]()
        alike = [
            other
            for other in files
            if other != path
            and (
                other.rpartition("/")[0] == folder
                or (folder and other.endswith(f"/{name}") and other.rpartition("/")[0].rpartition("/")[0] == beside)
            )
        ]
        for other in sorted(alike, key=lambda other: (other < path, other)):
            size = sizes.get(files[other], _SMALL + 1)
            if size <= _SMALL and files[other] not in self._held:
                room -= size
                if room < 0 or len(chosen) == _MOST_FILES:
                    break
                chosen.append(files[other])
        return chosen
