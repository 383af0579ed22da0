"""Downloads, kept on this machine for as long as what they were downloaded from has the same etag or version."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.edge.files import write_whole
from mlops_ci.edge.stat_cache import StatCache, stat_cache
from mlops_ci.errors import MlopsError, RemoteError
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.digest import digest_of_value, hexadecimal
from mlops_ci.records.files import FileRecord, RemoteFile


class Downloads:
    """A folder of files. What is known of one outlives the file, so that a digest is known without it.

    Args:
        folder: where they are.
        remembered: the digests of its files; by default none is remembered.
    """

    def __init__(self, folder: Path, remembered: StatCache | None = None) -> None:
        self._folder = folder
        self._remembered = remembered or StatCache(None)

    def known(self, uri: str, file: RemoteFile) -> FileRecord | None:
        """What a file was when it was downloaded; None if it never was, or has no etag to know it by."""
        if file.tag is None:
            return None
        note = self._note(uri, file)
        try:
            return decode(note.read_bytes(), FileRecord, where=str(note))
        except (OSError, MlopsError):
            return None

    def here(self, uri: str, file: RemoteFile, suffix: str) -> Path | None:
        """Where a file is, if it is here as it was downloaded."""
        known, place = self.known(uri, file), self._place(uri, file, suffix)
        if known is None:
            return None
        try:
            (digest, _), *_ = self._remembered.digests([os.fspath(place)]).values()
        except OSError:
            return None
        return place if digest == known.digest else None

    def take(
        self, uri: str, file: RemoteFile, suffix: str, fetch: Callable[[Path], FileRecord]
    ) -> tuple[Path, FileRecord]:
        """Download a file; of several processes that do, any one's stays.

        Raises:
            RemoteError: it cannot be kept.
        """
        place = self._place(uri, file, suffix)
        partial = self._folder / f".{uuid.uuid4().hex}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            record = fetch(partial)
            partial.replace(place)
            write_whole(self._note(uri, file), encode(record))
        except InterruptedError:
            raise
        except OSError as error:
            raise RemoteError(f"a download cannot be kept: {error.strerror}", where=str(self._folder)) from error
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        return place, record

    def _place(self, uri: str, file: RemoteFile, suffix: str) -> Path:
        return self._folder / f"{_key(uri, file)}{suffix}"

    def _note(self, uri: str, file: RemoteFile) -> Path:
        return self._folder / f"{_key(uri, file)}.note"


def downloads(environ: Mapping[str, str]) -> Downloads:
    """The downloads of this machine.

    Raises:
        UsageError: the user has no home to keep them in.
    """
    folder = cache_folder(environ).absolute() / "data"
    return Downloads(folder, stat_cache(folder, environ))


def _key(uri: str, file: RemoteFile) -> str:
    return hexadecimal(digest_of_value([uri, file.name, file.size, file.tag, file.version]))
