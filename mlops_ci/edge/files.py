"""Files and folders: hashing, durable folders, cheap copies."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import uuid
from pathlib import Path

from mlops_ci.errors import UsageError
from mlops_ci.records.digest import PREFIX

_FICLONE = 0x40049409  # linux/fs.h


def digest_of_file(path: Path) -> str:
    """The SHA-256 digest of a file, read in bounded memory."""
    with path.open("rb") as file:
        return PREFIX + hashlib.file_digest(file, "sha256").hexdigest()


def require_inside(file: Path, top: Path, *, called: str) -> None:
    """Refuse a file of a repository that is a link out of it: whoever shows what it says may have rights of its own.

    Raises:
        UsageError: it leads elsewhere.
    """
    if not file.resolve().is_relative_to(top.resolve()):
        raise UsageError(f"{called!r} lies outside the repository", hint="name a file of this repository, and no link")


def fsync_folder(folder: Path | str) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def clone(source: Path, target: Path) -> None:
    """Copy a file with its permissions, sharing blocks copy-on-write where the file system can.

    Never a hard link: a step that writes in place would change the original.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if not _reflink(source, target):
        shutil.copyfile(source, target)
    shutil.copymode(source, target)


def _reflink(source: Path, target: Path) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    with source.open("rb") as reading, target.open("wb") as writing:
        try:
            fcntl.ioctl(writing.fileno(), _FICLONE, reading.fileno())
        except OSError:
            return False
    return True


def write_whole(file: Path, data: bytes) -> None:
    """Replace a file by one with these bytes; nobody ever sees half of it."""
    beside = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    try:
        beside.write_bytes(data)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
