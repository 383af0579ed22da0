"""A folder as a workspace."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mlops_ci.edge.copying import copy_hashed
from mlops_ci.edge.files import fsync_folder
from mlops_ci.errors import RemoteError
from mlops_ci.workspace.durable_files import TEMPORARY, DurableFiles, Held, drop_all
from mlops_ci.workspace.keys import not_a_key, require_key
from mlops_ci.workspace.layout import TOP_LEVEL
from mlops_ci.workspace.leaving import surely
from mlops_ci.workspace.store import StoredObject, Watch, Written, unwatched

_UNLISTED = frozenset({TEMPORARY, ".gitignore"})
_MOST_HELD = 128  # open files


class LocalStore:
    """A folder of the local file system (or one that a network mounts with POSIX semantics)."""

    def __init__(self, root: Path, watch: Watch = unwatched) -> None:
        self._root = root
        self._watch = watch
        self._files = DurableFiles(root)
        self._lock = threading.RLock()
        self._depth = 0
        self._held: dict[str, Held] = {}
        self._broken: RemoteError | None = None

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
        self._settle(key)
        with _failures_as_remote_errors(key):
            try:
                return self._path(key).read_bytes()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return None

    def create(self, key: str, data: bytes) -> bool:
        """Create an object if the key is free: temporary file, fsync, link, fsync of the folder.

        What was uploaded before it, inside :meth:`together`, is there and durable before it is.
        """
        self._settle()

        def write(file: BinaryIO) -> None:
            file.write(data)

        with _failures_as_remote_errors(key):
            return self._files.create(self._files.write(str(self._path(key)), write))

    def put(self, key: str, data: bytes) -> None:
        """Replace an object atomically, without fsync."""
        self._settle(key)
        with _failures_as_remote_errors(key):
            self._files.replace(str(self._path(key)), data)

    def upload(self, key: str, source: Path) -> Written:
        """Create an object from a file, hashing what is really written."""
        self._settle(key)
        written = Written(digest="", size=0)

        def write(file: BinaryIO) -> None:
            nonlocal written
            with source.open("rb") as content:
                written = self._copy_hashed(content, file, key)

        with _failures_as_remote_errors(key):
            held = self._files.write(str(self._path(key)), write)
            with self._lock:
                together = self._depth > 0
                first = self._held.setdefault(key, held) if together else held
            if first is not held:
                drop_all([held])  # another thread has uploaded the same key meanwhile
            elif not together:
                self._files.create(held)  # without the lock: uploads by several threads do not wait for one another
        if len(self._held) >= _MOST_HELD:
            self._settle()
        return written

    def download(self, key: str, target: Path) -> Written | None:
        """Copy an object to a new file, hashing it on the way."""
        self._settle(key)
        with _failures_as_remote_errors(key):
            try:
                content = self._path(key).open("rb")
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return None
        with content, _failures_of_target(target), target.open("x+b") as file:
            return self._copy_hashed(content, file, key)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects below a folder of keys, sorted."""
        self._settle_below(prefix)
        with _failures_as_remote_errors(prefix):
            yield from self._walk(self._path(prefix.removesuffix("/")) if prefix else self._root, prefix)

    def folders(self, prefix: str) -> Sequence[str]:
        """The folders in a folder."""
        self._settle_below(prefix)
        with _failures_as_remote_errors(prefix):
            try:
                with os.scandir(self._path(prefix.removesuffix("/")) if prefix else self._root) as entries:
                    names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
            except (FileNotFoundError, NotADirectoryError):
                return []
        return [name for name in names if prefix or name not in _UNLISTED]

    def delete(self, key: str) -> None:
        """Delete an object. Folders stay, so that no writer loses the one it is about to link into."""
        self._settle(key)
        with _failures_as_remote_errors(key):
            path = self._path(key)
            try:
                path.unlink()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return
            fsync_folder(path.parent)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Uploads become visible and durable together: when there are many, before the next ``create``, or at the end.

        Every other write is visible and durable when its method returns.
        """
        entered = completed = False
        try:
            with self._lock:
                self._depth += 1
                entered = True
            yield
            completed = True
        finally:
            # Held throughout: what another thread uploads meanwhile is either settled here or comes later.
            with surely(self._lock):
                try:
                    if completed and self._depth == 1:
                        self._settle()
                finally:
                    self._depth -= entered
                    if self._depth == 0:
                        drop_all(self._held.values())  # left by an exception
                        self._held.clear()
                        self._broken = None

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

    def _settle_below(self, prefix: str) -> None:
        with self._lock:
            if self._broken or any(key.startswith(prefix) for key in self._held):
                self._settle()

    def _settle(self, key: str | None = None) -> None:
        """Make what is held back visible and durable; if a key is given, only if that is part of it.

        If that fails it is gone, and all that follows fails as well, so that nothing is written that rests on it.
        """
        with self._lock:
            if self._broken:
                raise self._broken
            if not self._held or (key is not None and key not in self._held):
                return
            held, where = self._held.copy(), next(iter(self._held))
            self._broken = RemoteError("an upload was cut off", where=where, hint="run the command again")
            self._held.clear()
            try:
                with _failures_as_remote_errors(where):
                    self._files.create_all(held.values())
            except RemoteError as error:
                self._broken = error
                raise
            self._broken = None  # only now: a signal may end this anywhere, and other threads go on

    def _copy_hashed(self, source: BinaryIO, target: BinaryIO, key: str) -> Written:
        total = os.fstat(source.fileno()).st_size
        return Written(*copy_hashed(source, target, lambda moved: self._watch(key, moved, max(moved, total))))

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
