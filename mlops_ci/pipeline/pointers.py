"""Files that stand for data which is elsewhere: pointers of Git LFS, and of DVC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_LARGEST = 1024  # bytes, which the specification of Git LFS promises
_LFS = b"version https://git-lfs.github.com/spec/v1\n"
_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
_SIZE = re.compile(rb"^size (\d{1,18})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pointer:
    """What a pointer says of the content that is not here: its digest, and its bytes."""

    digest: str
    size: int


def lfs_pointer(file: Path, size: int) -> Pointer | None:
    """What a file of so many bytes says, if it is a pointer of Git LFS (github.com/git-lfs/git-lfs, docs/spec.md).

    Git LFS names contents by SHA-256, as we do: a dataset has the same digest whether its content is here or not.
    """
    if size > _LARGEST:
        return None
    data = file.read_bytes()
    oid, length = _OID.search(data), _SIZE.search(data)
    if not data.startswith(_LFS) or oid is None or length is None:
        return None
    return Pointer(f"sha256:{oid[1].decode()}", int(length[1]))


def how_to_fetch(target: Path, path: str) -> str:
    """What to do about data that is not here."""
    pointer = target.with_name(f"{target.name}.dvc")
    return f"run dvc pull {path}.dvc" if pointer.is_file() else "fetch it first"
