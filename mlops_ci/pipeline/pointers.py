"""Files that stand for data which is elsewhere: pointers of Git LFS, and of DVC."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_ci.errors import MlopsError
from mlops_ci.project.yaml12 import parse_mapping

_LARGEST = 1024  # bytes, which the specification of Git LFS promises
_LFS = b"version https://git-lfs.github.com/spec/v1\n"
_OID = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
_SIZE = re.compile(rb"^size (\d{1,18})$", re.MULTILINE)
_MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")


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


@dataclass(frozen=True, slots=True)
class DvcPointer:
    """What a ``.dvc`` file says of its data: their MD5, ending in ``.dir`` for a folder, bytes and files if it tells.

    ``exact`` is whether the MD5 is that of the very bytes: before version 3 DVC took it of text with other line ends.
    """

    file: str
    md5: str
    size: int | None
    files: int | None
    exact: bool


def dvc_pointer(target: Path, path: str) -> DvcPointer | None:
    """The pointer of DVC beside where a dataset is or would be; None if there is none that can be read.

    Args:
        target: where the dataset is.
        path: the same, as the project calls it.
    """
    file = target.with_name(f"{target.name}.dvc")
    try:
        document = parse_mapping(file.read_bytes(), f"{path}.dvc").value
    except (OSError, MlopsError):
        return None
    outs = document.get("outs")
    found = [out for out in outs if isinstance(out, dict) and out.get("path") == target.name] if outs else []
    md5 = found[0].get("md5") if len(found) == 1 else None
    if not isinstance(md5, str) or not _MD5.fullmatch(md5):
        return None
    size, files = (value if isinstance(value := found[0].get(key), int) else None for key in ("size", "nfiles"))
    return DvcPointer(f"{path}.dvc", md5, size, files, exact=found[0].get("hash") == "md5")


def dvc_md5(files: Mapping[str, Path], *, folder: bool) -> str:
    """The MD5 that DVC gives content: that of a file, or of the list of a folder's files.

    Args:
        files: by their names in the folder, or one by any name.
        folder: whether it is one.
    """
    found = {}
    for name, file in files.items():
        with file.open("rb") as reading:
            found[name] = hashlib.file_digest(reading, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if not folder:
        return next(iter(found.values()))
    listed = [{"md5": md5, "relpath": name} for name, md5 in sorted(found.items())]
    text = json.dumps(listed, sort_keys=True)
    return f"{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}.dir"


def dvc_ignores(root: Path) -> bool:
    """Whether DVC leaves files of folders out, so that its lists of them are not all that is there."""
    try:
        lines = (root / ".dvcignore").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.strip() and not line.startswith("#") for line in lines)


def how_to_fetch(target: Path, path: str) -> str:
    """What to do about data that is not here."""
    pointer = target.with_name(f"{target.name}.dvc")
    return f"run dvc pull {path}.dvc" if pointer.is_file() else "fetch it first"
