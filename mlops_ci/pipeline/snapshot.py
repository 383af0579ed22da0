"""The files of the working tree that steps may read, and their digests."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mlops_ci.edge.files import clone
from mlops_ci.edge.stat_cache import Stamp, StatCache, stamp_of
from mlops_ci.errors import ConflictError, UsageError
from mlops_ci.pipeline.pointers import Pointer, how_to_fetch, lfs_pointer
from mlops_ci.pipeline.remote_data import RemoteDataset
from mlops_ci.project.paths import contains, escapes, normalise
from mlops_ci.records.digest import digest_of_tree


class Snapshot:
    """The repository's files as seen from the folder of ``mlops.yaml``; paths are relative to that folder."""

    def __init__(
        self,
        root: Path,
        prefix: str,
        *,
        tracked: frozenset[str],
        files: tuple[str, ...],
        remembered: StatCache | None = None,
        remote: Mapping[str, RemoteDataset] | None = None,
    ) -> None:
        """Take a snapshot.

        Args:
            root: the top of the repository.
            prefix: the folder of ``mlops.yaml`` relative to it; ``.`` for the top itself.
            tracked: the files that git tracks, relative to the top.
            files: those, and the untracked ones that git does not ignore.
            remembered: the digests that this machine remembers; by default it remembers none.
            remote: datasets that are elsewhere, by the path at which steps find them.
        """
        self.root = root
        self.prefix = prefix
        self._top = os.fspath(root)
        self._tracked = tracked
        self._files = files
        self._remembered = remembered or StatCache(None)
        self._remote = remote or {}
        self._digests: dict[str, tuple[str, Stamp]] = {}

    @property
    def folder(self) -> Path:
        """The folder of ``mlops.yaml``."""
        return self.root / self.prefix

    def tracked_files(self) -> tuple[str, ...]:
        """Every tracked file that exists."""
        return tuple(self._relative(path) for path in sorted(self._tracked) if (self.root / path).is_file())

    def known_files(self) -> tuple[str, ...]:
        """Every file that git tracks or does not ignore."""
        return tuple(map(self._relative, self._files))

    def expand(self, path: str, *, declared: str) -> tuple[str, ...]:
        """The files that a declared input means: itself, or all files of a folder that git does not ignore.

        Raises:
            UsageError: there is no such file, or it lies outside the repository.
        """
        inside = self.repository_path(path, declared=declared)
        target = self.root / inside
        if target.is_file():
            return (path,)
        if target.is_symlink():
            raise UsageError(f"input {path!r} is a link to a folder", where=declared, hint="declare the folder itself")
        if not target.is_dir():
            raise UsageError(
                f"input {path!r} does not exist", where=declared, hint="commit it, or take it out of the inputs"
            )
        below = [file for file in self._files if contains(inside, file)]
        for file in below:
            if (self.root / file).is_dir():
                what = "a link to a folder" if (self.root / file).is_symlink() else "a submodule"
                raise UsageError(
                    f"input folder {path!r} holds {what}, {file!r}", where=declared, hint="declare the files it needs"
                )
        found = tuple(self._relative(file) for file in below if (self.root / file).is_file())
        if not found:
            raise UsageError(f"input folder {path!r} has no files", where=declared, hint="commit what the step reads")
        return found

    def remote(self, path: str) -> RemoteDataset | None:
        """The dataset at a path, if it is one that is elsewhere."""
        return self._remote.get(path)

    def dataset(self, path: str, *, declared: str) -> tuple[str, ...]:
        """The files of a dataset, whether git knows them or not.

        Raises:
            UsageError: there are none.
            ConflictError: there are none any more.
        """
        if remote := self.remote(path):
            return remote.files()
        target = self.root / self.repository_path(path, declared=declared)
        if target.is_file():
            return (path,)
        found = tuple(sorted(self._walk(target, path))) if target.is_dir() else ()
        if not found:
            if any(file == path or file.startswith(f"{path}/") for file in self._digests):
                raise ConflictError("a dataset vanished during the run", where=path, hint="put it back, and run again")
            raise UsageError(
                f"dataset {path!r} does not exist or is empty", where=declared, hint=how_to_fetch(target, path)
            )
        return found

    def digest(self, path: str) -> str:
        """The digest of a file's content, computed once.

        Raises:
            ConflictError: the file has vanished.
        """
        if remote := self._remote_with(path):
            return remote.content(path).digest
        if path not in self._digests:
            self.take_digests((path,))
        return self._digests[path][0]

    def take_digests(self, paths: Iterable[str]) -> None:
        """Have the digests of files at hand, for a while at least those that are asked for next; in parallel.

        Raises:
            ConflictError: one has vanished.
        """
        wanted = {self._absolute(path): path for path in paths if path not in self._digests}
        try:
            found = self._remembered.digests(wanted)
        except FileNotFoundError as error:
            raise ConflictError(
                "a file vanished while it was read", where=str(error.filename), hint="run the command again"
            ) from error
        for file, digest in found.items():
            self._digests[wanted[file]] = digest

    def identity(self, path: str) -> str:
        """A file as a program sees it: its content, and whether it can be executed."""
        digest = self.digest(path)
        return f"{digest}+x" if os.access(self._absolute(path), os.X_OK) else digest

    def copy(self, path: str, target: Path) -> None:
        """Copy a file whose digest was taken; one that is elsewhere is downloaded for it.

        Raises:
            ConflictError: it has changed since or is gone, so that its digest does not describe the copy.
        """
        if remote := self._remote_with(path):
            clone(remote.place(path), target)
            return
        file = self.path(path)
        try:
            clone(file, target)
            changed = stamp_of(file) != self._digests[path][1]
        except FileNotFoundError as error:
            raise ConflictError("a file vanished during the run", where=path, hint="run the command again") from error
        if changed:
            raise ConflictError("a file changed during the run", where=path, hint="run the command again")

    def pointer(self, path: str) -> Pointer | None:
        """What a file says of content that is elsewhere, if it is a pointer of Git LFS."""
        if self._remote_with(path):
            return None
        self.digest(path)
        return lfs_pointer(self.path(path), self._digests[path][1][0])

    def stands_for(self, path: str) -> Pointer | None:
        """What a file of a folder stands for, if it is a pointer that git has.

        Only such can be pointers: a folder of many small files that git does not have need not be read for that.
        """
        is_tracked = bool(self._tracked) and normalise(posixpath.join(self.prefix, path)) in self._tracked
        return self.pointer(path) if is_tracked else None

    def require_content(self, files: Iterable[str], *, declared: str) -> None:
        """Make sure that files are themselves, and not pointers to what is elsewhere.

        Raises:
            UsageError: one is a pointer.
        """
        for path in files:
            if self.pointer(path):
                raise UsageError(
                    f"{path!r} is only a pointer of Git LFS", where=declared, hint="run git lfs pull, then run it again"
                )

    def tree_digest(self, path: str, files: tuple[str, ...]) -> str:
        """The digest of a file, or of the names and contents of the files of a folder.

        A pointer of Git LFS in a folder counts as the content that it stands for.
        """
        self.take_digests(files)
        if files == (path,):
            return self.digest(path)
        return digest_of_tree((file.removeprefix(f"{path}/"), self._content_digest(file)) for file in files)

    def size(self, files: Iterable[str]) -> int:
        """The bytes of files or of what they stand for, as they were when their digests were taken."""
        pointers = ((file, self.stands_for(file)) for file in files)
        return sum(pointer.size if pointer else self._digests[file][1][0] for file, pointer in pointers)

    def path(self, path: str) -> Path:
        """Where a file is."""
        return self.root / normalise(posixpath.join(self.prefix, path))

    def repository_path(self, path: str, *, declared: str) -> str:
        """A path relative to the top of the repository.

        Raises:
            UsageError: it leads out of the repository.
        """
        inside = normalise(posixpath.join(self.prefix, path))
        if escapes(inside):
            raise UsageError(f"{path!r} lies outside the repository", where=declared)
        return inside

    def _content_digest(self, path: str) -> str:
        pointer = self.stands_for(path)
        return pointer.digest if pointer else self.digest(path)

    def _remote_with(self, path: str) -> RemoteDataset | None:
        """The dataset that is elsewhere and has a file at a path."""
        found = (remote for name, remote in self._remote.items() if contains(name, path))
        return next((remote for remote in found if remote.holds(path)), None)

    def _absolute(self, path: str) -> str:
        """Where a file is, as text: making a Path of each of 100,000 takes longer than to ask for their times."""
        return f"{self._top}/{path}" if self.prefix == "." else str(self.path(path))

    def _relative(self, path: str) -> str:
        return path if self.prefix == "." else posixpath.relpath(path, self.prefix)

    def _walk(self, folder: Path, name: str) -> Iterator[str]:
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(Path(entry.path), f"{name}/{entry.name}")
            elif entry.is_file():
                yield f"{name}/{entry.name}"
