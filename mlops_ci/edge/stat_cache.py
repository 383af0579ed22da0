"""Digests of files, remembered on this machine for as long as a file was not touched.

What is remembered is believed while size, times of modification and of change, inode and device are those that the file
had. As git does with its index, a file is not remembered that was touched so shortly before it was read that another
change could carry the same times: those are read again until they are old enough.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock

from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.edge.files import digest_of_file, write_whole
from mlops_ci.edge.machine import available_processors
from mlops_ci.errors import MlopsError
from mlops_ci.records.codec import decode_packed, encode_packed
from mlops_ci.records.digest import PREFIX, hexadecimal

SWITCH = "MLOPS_CI_STAT_CACHE"
Stamp = tuple[int, int, int, int, int]
_Kept = dict[bytes, tuple[int, int, int, int, int, bytes]]
_COARSEST = 2_000_000_000  # nanoseconds; FAT counts in two seconds, everything else is finer
_CHECKSUM = 32
_TOGETHER = 64  # files that a thread reads before it takes more
_SPARE = 10_000


def stamp_of(file: str | os.PathLike[str]) -> Stamp:
    """What a file's status says that changes when its content does.

    Raises:
        OSError: there is no such file.
    """
    found = os.stat(file)  # noqa: PTH116 (a Path for each of 100,000 files takes longer than to ask)
    if not stat.S_ISREG(found.st_mode):
        raise IsADirectoryError(0, "no regular file", os.fspath(file))
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev


def is_switched_off(environ: Mapping[str, str]) -> bool:
    """Whether the user does not trust what the file system says of files."""
    return environ.get(SWITCH, "").lower() in {"off", "0", "false", "no"}


def stat_cache(root: Path, environ: Mapping[str, str]) -> StatCache:
    """The digests of the files below a folder; ``MLOPS_CI_STAT_CACHE=off`` remembers nothing."""
    if is_switched_off(environ):
        return StatCache(None)
    name = hashlib.sha256(os.fsencode(root.absolute())).hexdigest()[:16]
    try:
        return StatCache(cache_folder(environ).absolute() / "digests" / f"{name}-1")
    except MlopsError:  # no home to keep anything in
        return StatCache(None)


class StatCache:
    """Digests by path. Several processes may share one file: who writes last wins, and what is lost is read again.

    Args:
        file: where they are remembered; None remembers nothing.
        now: the time, in nanoseconds since the epoch.
    """

    def __init__(self, file: Path | None, now: Callable[[], int] = time.time_ns) -> None:
        self._file = file
        self._now = now
        self._kept: _Kept | None = None
        self._lock = Lock()
        self._used: set[bytes] = set()

    def digests(self, files: Iterable[str]) -> dict[str, tuple[str, Stamp]]:
        """The digests of files, by absolute path, each with the stamp that the file had before it was read.

        Raises:
            OSError: one cannot be read, or has vanished.
        """
        with self._lock:
            return self._digests(files)

    def _digests(self, files: Iterable[str]) -> dict[str, tuple[str, Stamp]]:
        kept = self._remembered()
        found: dict[str, tuple[str, Stamp]] = {}
        unknown: list[tuple[str, Stamp, int]] = []
        for file in files:
            stamp = stamp_of(file)
            known = kept.get(os.fsencode(file))  # a name need not be text
            if known and known[:5] == stamp:
                found[file] = PREFIX + known[5].hex(), stamp
            else:
                unknown.append((file, stamp, self._now()))
        for (file, stamp, asked), digest in zip(unknown, _hashed([file for file, _, _ in unknown]), strict=True):
            found[file] = digest, stamp
            kept.pop(os.fsencode(file), None)
            if asked - max(stamp[1], stamp[2]) > _COARSEST:
                kept[os.fsencode(file)] = (*stamp, bytes.fromhex(hexadecimal(digest)))
        self._used.update(map(os.fsencode, found))
        if unknown:
            self._write(kept)
        return found

    def _remembered(self) -> _Kept:
        if self._kept is None:
            self._kept = {} if self._file is None else _read(self._file)
        return self._kept

    def _write(self, kept: _Kept) -> None:
        if self._file is None:
            return
        if len(kept) > 2 * len(self._used) + _SPARE:  # files of long ago
            kept = self._kept = {file: kept[file] for file in kept.keys() & self._used}
        body = encode_packed(kept)
        with suppress(OSError):  # a full disk, or a folder of somebody else's: everything is read again
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._file, hashlib.sha256(body).digest() + body)


def _hashed(files: list[str]) -> list[str]:
    """The digests of files, in order; hashing lets other threads run."""
    threads = min(available_processors(), 16)
    if threads == 1 or len(files) < 2:
        return _one_by_one(files)
    size = max(1, min(_TOGETHER, len(files) // threads))
    pool = ThreadPoolExecutor(threads, thread_name_prefix="hash")
    try:
        some = pool.map(_one_by_one, (files[start : start + size] for start in range(0, len(files), size)))
        return [digest for digests in some for digest in digests]
    finally:
        pool.shutdown(cancel_futures=True)


def _one_by_one(files: list[str]) -> list[str]:
    return [digest_of_file(Path(file)) for file in files]


def _read(file: Path) -> _Kept:
    try:
        data = file.read_bytes()
    except OSError:
        return {}
    body = data[_CHECKSUM:]
    if hashlib.sha256(body).digest() != data[:_CHECKSUM]:
        return {}
    try:
        return decode_packed(body, _Kept, where=str(file))
    except MlopsError:
        return {}
