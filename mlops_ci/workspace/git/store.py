"""A git remote as a workspace. A write is a commit that is pushed; writes that belong together are one commit."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.errors import RemoteError
from mlops_ci.records.digest import PREFIX, digest_of_bytes, hexadecimal
from mlops_ci.workspace.git.blobs import Blobs
from mlops_ci.workspace.git.changes import Change, Changes, Rule
from mlops_ci.workspace.git.clone import Clone
from mlops_ci.workspace.git.line import Line
from mlops_ci.workspace.git.names import key_of, path_of
from mlops_ci.workspace.git.push import publish, require_size
from mlops_ci.workspace.git.settings import Remote, find_remote
from mlops_ci.workspace.leaving import surely
from mlops_ci.workspace.store import LostRaceError, Store, StoredObject, Watch, Written, unwatched

_CHUNK = 1 << 20
_PATIENCE = 600.0  # seconds of lost races; convergence is what git promises, not speed


def open_git(url: str, relative_to: Path, watch: Watch, lent: Mapping[str, str] | None = None) -> Store:
    """Open the workspace of ``git+NAME`` or ``git+URL``; ``lent`` are the settings of the job's host."""
    remote = find_remote(url, relative_to, os.environ, lent)
    digest = hexadecimal(digest_of_bytes(remote.url.encode()))
    return GitStore(remote, cache_folder(os.environ).absolute() / "git" / digest[:32], watch)


class GitStore:
    """A ref of a git remote, and a folder that caches what has been read of it.

    What is written by one client is found by another when it misses it or lists; a key that is there is not looked at
    again.
    """

    def __init__(self, remote: Remote, cache: Path, watch: Watch = unwatched) -> None:
        self._remote = remote
        self._clone = Clone(cache, remote)
        self._line = Line(self._clone, remote)
        self._blobs = Blobs(self._line)
        self._watch = watch
        self._lock = threading.RLock()
        self._staged = Changes()
        self._depth = 0

    @property
    def url(self) -> str:
        """The remote's URL."""
        return self._remote.shown

    def get(self, key: str) -> bytes | None:
        """Return an object's bytes, or None where the remote has none."""
        path = path_of(key)
        with self._lock:
            blob = self._find(path)
            return None if blob is None else self._blobs.read(path, blob)

    def create(self, key: str, data: bytes) -> bool:
        """Create an object if the key is free: a push that only the first of all who race gets through."""
        path = path_of(key)
        with self._lock:
            if self._known(path) is not None and self._find(path, anew=True) is not None:
                return False
            try:
                self._write(path, self._keep(path, iter([data]), len(data)), len(data), Rule.CLAIM)
            except LostRaceError:
                return False
            return True

    def put(self, key: str, data: bytes) -> None:
        """Write an object, replacing what is there."""
        path = path_of(key)
        with self._lock:
            self._write(path, self._keep(path, iter([data]), len(data)), len(data), Rule.REPLACE)

    def upload(self, key: str, source: Path) -> Written:
        """Create an object from a file, hashing what is stored."""
        path, digest = path_of(key), hashlib.sha256()

        def chunks(file: BinaryIO, size: int) -> Iterator[bytes]:
            moved = 0
            while moved < size:
                chunk = file.read(min(_CHUNK, size - moved))
                if not chunk:
                    raise RemoteError("the file got shorter while it was read", where=str(source))
                digest.update(chunk)
                moved += len(chunk)
                yield chunk
                self._watch(key, moved, size)

        with self._lock:
            try:
                with source.open("rb") as file:
                    size = os.fstat(file.fileno()).st_size
                    blob = self._keep(path, chunks(file, size), size)
            except OSError as error:
                raise RemoteError(f"the file cannot be read: {error.strerror}", where=str(source)) from error
            if self._find(path) is None:
                self._write(path, blob, size, Rule.KEEP)
        return Written(PREFIX + digest.hexdigest(), size)

    def download(self, key: str, target: Path) -> Written | None:
        """Write an object to a new file, hashing it on the way."""
        path, digest, moved = path_of(key), hashlib.sha256(), 0
        with self._lock:
            blob = self._find(path)
            if blob is None:
                return None
            try:
                with self._blobs.open(path, blob) as (stream, size), target.open("xb") as file:
                    while chunk := stream.read(_CHUNK):
                        digest.update(chunk)
                        file.write(chunk)
                        moved += len(chunk)
                        self._watch(key, moved, size)
            except OSError as error:
                raise RemoteError(f"the file cannot be written: {error.strerror}", where=str(target)) from error
        return Written(PREFIX + digest.hexdigest(), moved)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects below a folder of keys, sorted, as they are at the first."""
        folder = f"{path_of(prefix.removesuffix('/'))}/" if prefix else ""
        with self._lock:
            self._look()
            found = self._below(folder)
        yield from found

    def folders(self, prefix: str) -> Sequence[str]:
        """The folders of keys below one."""
        folder = f"{path_of(prefix.removesuffix('/'))}/" if prefix else ""
        with self._lock:
            self._look()
            present = {path for path, change in self._staged if change.blob is not None}
            gone = {path for path, change in self._staged if change.blob is None}
            paths = present | (self._line.view.files.keys() - gone)
        below = (path.removeprefix(folder).split("/") for path in paths if path.startswith(folder))
        names = {parts[0] for parts in below if len(parts) > 1}
        return sorted(name for path in names if (name := key_of(path)) is not None)

    def delete(self, key: str) -> None:
        """Delete an object; the history keeps it, as git does."""
        path = path_of(key)
        with self._lock:
            if self._find(path) is not None:
                self._write(path, None, 0, Rule.REPLACE)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Push all writes inside as one commit on leaving the outermost; drop them if it is left by an exception."""
        entered = completed = False
        try:
            with self._lock:
                if self._depth == 0:
                    self._line.refresh()
                self._depth += 1
                entered = True
            yield
            completed = True
        finally:
            # Held throughout: what another thread writes meanwhile is either pushed here or comes later.
            with surely(self._lock):
                try:
                    if completed and self._depth == 1 and self._staged:
                        publish(self._staged, self._line, patience=_PATIENCE)
                finally:
                    self._depth -= entered
                    if self._depth == 0:
                        self._staged = Changes()

    def sweep(self, before: float) -> int:
        """Remove what killed processes have left in the cache; on the remote a push is whole or nothing."""
        return self._clone.sweep(before)

    def _known(self, path: str) -> str | None:
        """The blob of a path, without looking at the remote."""
        staged = self._staged.get(path)
        return staged.blob if staged else self._line.view.files.get(path)

    def _find(self, path: str, *, anew: bool = False) -> str | None:
        """The blob of a path; a miss, or ``anew``, looks at the remote."""
        blob = self._known(path)
        if blob is None or anew:
            self._look()
            blob = self._known(path)
        return blob

    def _look(self) -> None:
        if self._depth == 0:
            self._line.refresh()

    def _keep(self, path: str, chunks: Iterator[bytes], size: int) -> str:
        require_size(size, path, self._line)
        return self._clone.keep(chunks, size)

    def _write(self, path: str, blob: str | None, size: int, rule: Rule) -> None:
        change = Change(blob, size, rule)
        if self._depth:
            self._line.view.require_no_clash({**dict(self._staged), path: change})
            self._staged.add(path, change)
            return
        if self._line.view.commit is None:
            self._line.refresh()
        changes = Changes()
        changes.add(path, change)
        publish(changes, self._line, patience=_PATIENCE)

    def _below(self, folder: str) -> Sequence[StoredObject]:
        view = self._line.view
        paths = {path: blob for path, blob in view.files.items() if path.startswith(folder)}
        sizes = self._blobs.sizes(set(paths.values()))
        newest = float(view.history.newest)
        found = {path: (sizes[blob], view.history.time(path, newest)) for path, blob in paths.items()}
        for path, change in self._staged:
            if path.startswith(folder):
                found.pop(path, None)
                if change.blob is not None:
                    found[path] = (change.size, newest)
        items = [StoredObject(key, *about) for path, about in found.items() if (key := key_of(path)) is not None]
        return sorted(items, key=lambda item: item.key)
