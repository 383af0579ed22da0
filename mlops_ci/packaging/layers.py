"""Layers: archives that are a function of what is in them, whoever makes them, where and when.

Entries are sorted and belong to root; times, modes and the head of the gzip file are fixed. What zlib makes of the
bytes is up to its version: two versions of it may make other digests of the same layer, with the same ``diff_id``.
"""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from mlops_ci.errors import IntegrityError
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.digest import PREFIX, digest_of_value, hexadecimal
from mlops_ci.records.image import Layer, LayerKind

_COMPRESSION = 6
_FORMAT = 2  # of what is written here: another one for every change of the bytes


@dataclass(frozen=True, slots=True)
class LayerFile:
    """A layer on this machine: ``path`` is its compressed archive."""

    layer: Layer
    path: Path


@dataclass(frozen=True, slots=True)
class Recipe:
    """A layer to be made: from ``inputs``, which decide over its bytes, by writing its files below a folder.

    ``programs``: there are programs in it, so that links within it and permissions to execute are kept.
    """

    kind: LayerKind
    inputs: object
    root: str
    lay_out: Callable[[Path], None]
    programs: bool = False


class Layers:
    """The layers that this machine has made, by what they are made from.

    Args:
        folder: where they are kept.
        scratch: makes a folder to lay files out in, which is gone afterwards.
        epoch: the time of every file in them, in seconds since 1970.
    """

    def __init__(self, folder: Path, scratch: Callable[[], AbstractContextManager[Path]], epoch: int) -> None:
        self._folder = folder
        self._scratch = scratch
        self._epoch = epoch

    def find(self, recipe: Recipe) -> LayerFile:
        """The layer of a recipe: one that was made before, or a new one.

        Raises:
            UsageError: it cannot be made.
        """
        name = hexadecimal(digest_of_value([_FORMAT, recipe.kind, recipe.root, recipe.inputs, self._epoch]))
        note = self._folder / f"{name}.json"
        if found := self._known(note):
            return found
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._scratch() as scratch:
            files = scratch / "files"
            files.mkdir()
            recipe.lay_out(files)
            with _new_file(self._folder) as partial:
                layer = write_layer(partial, recipe.kind, files, recipe.root, self._epoch, programs=recipe.programs)
                partial.replace(self._blob(layer))
        with _new_file(self._folder) as partial:
            partial.write_bytes(encode(layer))
            partial.replace(note)
        return LayerFile(layer, self._blob(layer))

    def _known(self, note: Path) -> LayerFile | None:
        try:
            layer = decode(note.read_bytes(), Layer, where=str(note))
            whole = self._blob(layer).stat().st_size == layer.size
        except (FileNotFoundError, IntegrityError):
            return None
        return LayerFile(layer, self._blob(layer)) if whole else None

    def _blob(self, layer: Layer) -> Path:
        return self._folder / hexadecimal(layer.digest)


def write_layer(target: Path, kind: LayerKind, files: Path, root: str, epoch: int, *, programs: bool = False) -> Layer:
    """Write all files below a folder as the layer that has them at ``root``, without a leading slash."""
    with target.open("wb") as raw:
        compressed = _Hashing(raw)
        with gzip.GzipFile("", "wb", _COMPRESSION, compressed, mtime=0) as packed:
            plain = _Hashing(packed)
            # All that is asked of it is to write.
            with tarfile.open(fileobj=cast("IO[bytes]", plain), mode="w|", format=tarfile.PAX_FORMAT) as archive:
                for name, file in _entries(files, root, programs=programs):
                    _add(archive, name, file, epoch, programs=programs)
    return Layer(kind, compressed.digest, plain.digest, compressed.size)


def _entries(files: Path, root: str, *, programs: bool) -> Iterator[tuple[str, Path | None]]:
    """What is in the archive, a folder (None) before what is in it."""
    found: dict[str, Path | None] = {}
    for path in files.rglob("*"):
        name = f"{root}/{path.relative_to(files).as_posix()}"
        if path.is_symlink() and programs:
            found[name] = path
            continue
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise IntegrityError("a layer of ours has no links", where=str(path))
        found[name] = None if path.is_dir() else path
    parts = root.split("/")
    found |= {"/".join(parts[: count + 1]): None for count in range(len(parts))}
    yield from sorted(found.items())


def _add(archive: tarfile.TarFile, name: str, file: Path | None, epoch: int, *, programs: bool) -> None:
    entry = tarfile.TarInfo(name)
    entry.mtime = epoch
    if file is None:
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(entry)
        return
    if file.is_symlink():
        entry.type, entry.mode, entry.linkname = tarfile.SYMTYPE, 0o777, str(file.readlink())
        archive.addfile(entry)
        return
    entry.mode = 0o755 if programs and file.stat().st_mode & 0o100 else 0o644
    entry.size = file.stat().st_size
    with file.open("rb") as content:
        archive.addfile(entry, content)


class _Hashing:
    """Writes on to another file, and tells digest and size of what was written."""

    def __init__(self, target: IO[bytes] | gzip.GzipFile) -> None:
        self._target = target
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> str:
        return PREFIX + self._digest.hexdigest()

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self.size += len(data)
        return self._target.write(data)

    def flush(self) -> None:
        self._target.flush()


@contextmanager
def _new_file(folder: Path) -> Iterator[Path]:
    path = folder / f".{uuid.uuid4().hex}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
