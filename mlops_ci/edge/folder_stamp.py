"""What the file system says of everything in some folders, as one digest: no file can change and leave it as it was.

Reads no file. Imports little, for it is asked before the rest of the program is.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

MOST = 250_000
"""Entries; to look at more takes longer than what is to be spared."""


@dataclass(frozen=True, slots=True)
class FolderStamp:
    """``digest`` of names, kinds, sizes, times, inodes; ``newest`` of the times, in nanoseconds since the epoch."""

    digest: str
    newest: int


class _UntellableError(Exception):
    """A change to what there is need not show."""


def stamp_of_folders(folders: Sequence[str], without: Collection[str] = ()) -> FolderStamp | None:
    """The stamp of all that is in folders; None where it would not tell of every change.

    That is where a link leads to a folder elsewhere, where there are more than ``MOST`` entries, or something vanishes.

    Args:
        folders: absolute paths.
        without: absolute paths of what does not matter in them.
    """
    ignored = frozenset(map(os.fsencode, without))
    inside, outside = ([Path(path).resolve() for path in paths] for paths in (folders, without))
    hasher, newest, left = hashlib.sha256(), 0, MOST
    waiting = [os.fsencode(folder) for folder in reversed(folders)]
    try:
        while waiting:
            folder = waiting.pop()
            lines = [b"in", folder]
            for entry in _entries(folder):
                if entry.path in ignored:
                    continue
                found = entry.stat(follow_symlinks=False)
                left -= 1
                if stat.S_ISDIR(found.st_mode):
                    waiting.append(entry.path)
                    lines.append(b"%s %d" % (entry.name, found.st_mode))
                    continue
                lines.append(_line(entry.name, found))
                newest = max(newest, found.st_mtime_ns, found.st_ctime_ns)
                if stat.S_ISLNK(found.st_mode) and (behind := _behind(entry.path, inside, outside)):
                    lines.append(_line(b"", behind))
                    newest = max(newest, behind.st_mtime_ns, behind.st_ctime_ns)
            if left < 0:
                return None
            hasher.update(b"\0".join(lines) + b"\0")
    except (OSError, _UntellableError):
        return None
    return FolderStamp(hasher.hexdigest(), newest)


def stamp_of_paths(paths: Sequence[str]) -> str:
    """The stamp of files and folders themselves, whether they are there or not; not of what is in the folders."""
    hasher = hashlib.sha256()
    for path in paths:
        try:
            hasher.update(_line(os.fsencode(path), Path(path).stat()) + b"\0")
        except OSError:
            hasher.update(os.fsencode(path) + b" is not there\0")
    return hasher.hexdigest()


def _entries(folder: bytes) -> list[os.DirEntry[bytes]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _line(name: bytes, found: os.stat_result) -> bytes:
    return b"%s %d %d %d %d %d" % (
        name,
        found.st_mode,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
        found.st_ino,
    )


def _behind(link: bytes, inside: Sequence[Path], outside: Sequence[Path]) -> os.stat_result | None:
    """The file elsewhere that a link leads to; None where it leads nowhere, or to what has its stamp already."""
    target = Path(os.fsdecode(link)).resolve()
    if not any(target.is_relative_to(folder) for folder in outside) and any(map(target.is_relative_to, inside)):
        return None
    try:
        found = target.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise _UntellableError
    return found
