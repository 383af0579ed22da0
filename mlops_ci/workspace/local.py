"""A folder as a workspace.

Create-if-absent is ``link(2)`` of a finished, fsynced temporary file: a rename would overwrite, and
``O_EXCL`` would show half-written bytes to readers.
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO

from mlops_ci.edge.copying import copy_hashed
from mlops_ci.edge.files import fsync_folder
from mlops_ci.errors import RemoteError
from mlops_ci.workspace.keys import not_a_key, require_key
from mlops_ci.workspace.layout import TOP_LEVEL
from mlops_ci.workspace.store import StoredObject, Watch, Written, unwatched

TEMPORARY = ".tmp"
_UNLISTED = frozenset({TEMPORARY, ".gitignore"})
_LINK_ATTEMPTS = 5


class LocalStore:
    """A folder of the local file system (or one that a network mounts with POSIX semantics)."""

    def __init__(self, root: Path, watch: Watch = unwatched) -> None:
        self._root = root
        self._watch = watch
        self._durable: set[Path] = set()

    @property
    def url(self) -> str:
        """The folder's path."""
        return str(self._root)

    @property
    def root(self) -> Path:
        """The folder."""
        return self._root

    def get(self, key: str) -> bytes | None:
        """Return an object's bytes, or None where there is none."""
        with _failures_as_remote_errors(key):
            try:
                return self._path(key).read_bytes()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return None

    def create(self, key: str, data: bytes) -> bool:
        """Create an object if the key is free: temporary file, fsync, link, fsync of the folder."""

        def write(file: BinaryIO) -> None:
            file.write(data)

        with _failures_as_remote_errors(key):
            return self._create(key, write)

    def put(self, key: str, data: bytes) -> None:
        """Replace an object atomically, without fsync."""
        with _failures_as_remote_errors(key):
            target = self._path(key)
            self._make_durable(self._make_folders(target.parent))
            temporary = self._temporary()
            try:
                temporary.write_bytes(data)
                temporary.replace(target)
            finally:
                temporary.unlink(missing_ok=True)

    def upload(self, key: str, source: Path) -> Written:
        """Create an object from a file, hashing what is really written."""
        written = Written(digest="", size=0)

        def write(file: BinaryIO) -> None:
            nonlocal written
            with source.open("rb") as content:
                written = self._copy_hashed(content, file, key)

        with _failures_as_remote_errors(key):
            self._create(key, write)
        return written

    def download(self, key: str, target: Path) -> Written | None:
        """Copy an object to a new file, hashing it on the way."""
        with _failures_as_remote_errors(key):
            try:
                content = self._path(key).open("rb")
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return None
        with content, _failures_of_target(target), target.open("x+b") as file:
            return self._copy_hashed(content, file, key)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects below a folder of keys, sorted."""
        with _failures_as_remote_errors(prefix):
            yield from self._walk(self._path(prefix.removesuffix("/")) if prefix else self._root, prefix)

    def folders(self, prefix: str) -> Sequence[str]:
        """The folders in a folder."""
        with _failures_as_remote_errors(prefix):
            try:
                with os.scandir(self._path(prefix.removesuffix("/")) if prefix else self._root) as entries:
                    names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
            except (FileNotFoundError, NotADirectoryError):
                return []
        return [name for name in names if prefix or name not in _UNLISTED]

    def delete(self, key: str) -> None:
        """Delete an object. Folders stay, so that no writer loses the one it is about to link into."""
        with _failures_as_remote_errors(key):
            path = self._path(key)
            try:
                path.unlink()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return
            fsync_folder(path.parent)

    def together(self) -> AbstractContextManager[None]:
        """Every write is visible and durable when its method returns."""
        return nullcontext()

    def sweep(self, before: float) -> int:
        """Remove the temporary files of writers that were killed."""
        removed = 0
        folder = self._root / TEMPORARY
        with _failures_as_remote_errors(TEMPORARY):
            for file in folder.iterdir() if folder.is_dir() else ():
                with suppress(FileNotFoundError):  # its writer is alive after all, and has finished
                    if file.stat().st_mtime < before:
                        file.unlink()
                        removed += 1
        return removed

    def _walk(self, folder: Path, prefix: str) -> Iterator[StoredObject]:
        try:
            with os.scandir(folder) as entries:
                # A folder sorts as its keys do: with the slash.
                found = sorted(entries, key=lambda e: e.name + "/" if e.is_dir(follow_symlinks=False) else e.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in found:
            if folder == self._root and entry.name in _UNLISTED:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(Path(entry.path), f"{prefix}{entry.name}/")
            else:
                with suppress(FileNotFoundError):  # deleted since the listing
                    status = entry.stat(follow_symlinks=False)
                    yield StoredObject(f"{prefix}{entry.name}", status.st_size, status.st_mtime)

    def _create(self, key: str, write: Callable[[BinaryIO], None]) -> bool:
        target = self._path(key)
        made = self._make_folders(target.parent)
        temporary = self._temporary()
        try:
            with temporary.open("x+b") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            created = self._link(temporary, target)
            # The loser of a race fsyncs too: it may acknowledge what the winner wrote but has not yet synced.
            fsync_folder(target.parent)
            self._make_durable(made)  # now, as what follows a change at once makes a journal commit each time
        finally:
            temporary.unlink(missing_ok=True)
        return created

    def _link(self, temporary: Path, target: Path) -> bool:
        for attempt in range(_LINK_ATTEMPTS):
            try:
                os.link(temporary, target)
            except FileExistsError:
                if target.is_dir():  # a folder of keys: a file system cannot hold both "a" and "a/b"
                    raise
                return False
            except FileNotFoundError:
                # Somebody tidied an empty folder away between our mkdir and our link.
                if attempt == _LINK_ATTEMPTS - 1:
                    raise
                self._make_durable(self._make_folders(target.parent))
            else:
                return True
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _make_folders(self, folder: Path) -> tuple[Path, ...]:
        """Make a folder and those above it; return those that have to be made durable, the innermost first."""
        # A folder that is there already may be the work of somebody who died before the fsync of its parent.
        if folder in self._durable and folder.is_dir():
            return ()
        is_below = folder != self._root and folder.is_relative_to(self._root)
        above = self._make_folders(folder.parent) if is_below or not folder.parent.exists() else ()
        folder.mkdir(exist_ok=True)
        return (folder, *above)

    def _make_durable(self, folders: tuple[Path, ...]) -> None:
        for folder in folders:
            with suppress(PermissionError):  # the root's parent need not be ours to read
                fsync_folder(folder.parent)
        self._durable.update(folders)

    def _copy_hashed(self, source: BinaryIO, target: BinaryIO, key: str) -> Written:
        total = os.fstat(source.fileno()).st_size
        return Written(*copy_hashed(source, target, lambda moved: self._watch(key, moved, max(moved, total))))

    def _temporary(self) -> Path:
        folder = self._root / TEMPORARY
        self._make_durable(self._make_folders(folder))
        return folder / uuid.uuid4().hex

    def _path(self, key: str) -> Path:
        pure = require_key(key)
        if pure.parts[0] in _UNLISTED:
            raise not_a_key(key)
        return self._root / pure


@contextmanager
def _failures_as_remote_errors(key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        hints = {
            errno.ENOSPC: "free some space on the workspace's disk and run again",
            errno.EDQUOT: "free some space in the workspace's quota and run again",
            errno.EFBIG: "the file system or this user's limits allow no file of that size",
            errno.EROFS: "the file system is read-only: choose another workspace",
            errno.EACCES: "give this user write access to the workspace, or choose another",
            errno.EPERM: "the file system must support hard links; give this user write access",
        }
        raise RemoteError(
            f"the workspace failed: {reason}",
            where=key or "the workspace's root",
            hint=hints.get(error.errno or 0),
        ) from error


@contextmanager
def _failures_of_target(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise RemoteError(f"the file cannot be written: {reason}", where=str(target)) from error


def ignore_in_git(root: Path) -> None:
    """Keep a workspace that lies inside a checkout out of ``git status``."""
    with _failures_as_remote_errors(".gitignore"):
        root.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError), (root / ".gitignore").open("x") as file:
            file.write("*\n")


def is_foreign(root: Path) -> bool:
    """Whether a folder holds anything that no workspace has."""
    with _failures_as_remote_errors(""):
        ours = {*_UNLISTED, *TOP_LEVEL}
        return root.is_dir() and any(entry.name not in ours for entry in root.iterdir())
