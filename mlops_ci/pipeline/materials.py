"""The outputs of the steps of one run, on this machine: made here, or fetched from the cache when first needed."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from mlops_ci.edge.files import clone, digest_of_file
from mlops_ci.pipeline.cache import StepCache
from mlops_ci.records.digest import hexadecimal
from mlops_ci.records.files import FileRecord


class Materials:
    """A folder of files by digest."""

    def __init__(self, folder: Path, cache: StepCache) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._cache = cache
        self._lock = Lock()
        self._makers: dict[str, str] = {}

    def take(self, path: str, file: Path) -> FileRecord:
        """Move a file in, and return what it is."""
        record = FileRecord(path=path, digest=digest_of_file(file), size=file.stat().st_size)
        with self._lock:
            file.replace(self._place(record.digest))
        return record

    def promise(self, file: FileRecord, fingerprint: str) -> None:
        """Remember which step's result has a file, to fetch it should anybody need it."""
        self._makers[file.digest] = fingerprint

    def path(self, file: FileRecord) -> Path:
        """Where a file is; to be read only.

        Raises:
            DamagedCacheError: it was promised by the cache, which does not have it whole.
        """
        place = self._place(file.digest)
        with self._lock:
            if not place.exists():
                partial = place.with_suffix(".partial")
                self._cache.fetch(file, self._makers[file.digest], partial)
                partial.replace(place)
        return place

    def copy(self, file: FileRecord, target: Path) -> None:
        """Copy a file to where a step may write into it."""
        clone(self.path(file), target)

    def _place(self, digest: str) -> Path:
        return self._folder / hexadecimal(digest)
