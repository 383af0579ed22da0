"""The files of a past commit, with datasets that lie in another tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from mlops_ci.errors import UsageError
from mlops_ci.pipeline.pointers import Pointer
from mlops_ci.pipeline.remote_data import RemoteDataset
from mlops_ci.pipeline.snapshot import Snapshot
from mlops_ci.project.paths import contains


class BorrowingSnapshot(Snapshot):
    """A snapshot of a tree in which some paths stand for those of another snapshot."""

    def __init__(
        self,
        root: Path,
        prefix: str,
        *,
        tracked: frozenset[str],
        files: tuple[str, ...],
        lender: Snapshot,
        borrowed: Mapping[str, str],
        unreadable: Mapping[str, str],
        remote: Mapping[str, RemoteDataset] | None = None,
    ) -> None:
        """Take a snapshot.

        Args:
            root: the top of the tree.
            prefix: the folder of ``mlops.yaml`` relative to it.
            tracked: the files of the commit, relative to the top.
            files: those, and what else steps may read.
            lender: the snapshot of the other tree.
            borrowed: paths, as the project writes them, and their paths in the lender's project.
            unreadable: files, relative to the top, whose content is not here, and why.
            remote: datasets that are elsewhere, by path.
        """
        super().__init__(root, prefix, tracked=tracked, files=files, remote=remote)
        self._lender = lender
        self._borrowed = borrowed
        self._unreadable = unreadable

    def place(self, path: str, file: Path) -> None:
        """Move a file to where steps read it, as one that no step has to make any more.

        Raises:
            UsageError: the path leads out of the tree.
        """
        inside = self.repository_path(path, declared=path)
        target = self.root / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.parent.resolve().is_relative_to(self.root.resolve()):
            raise UsageError(f"{path!r} lies outside the repository", where="the past commit")
        file.replace(target)
        self._files = tuple(sorted({*self._files, inside}))

    def remote(self, path: str) -> RemoteDataset | None:
        """The dataset at a path, if it is one that is elsewhere."""
        return self._lender.remote(self._borrowed[path]) if path in self._borrowed else super().remote(path)

    def dataset(self, path: str, *, declared: str) -> tuple[str, ...]:
        """The files of a dataset, under the names that they have in this tree.

        Raises:
            UsageError: there are none.
        """
        if path not in self._borrowed:
            return super().dataset(path, declared=declared)
        lent = self._borrowed[path]
        return tuple(path + file.removeprefix(lent) for file in self._lender.dataset(lent, declared=declared))

    def digest(self, path: str) -> str:
        """The digest of a file's content.

        Raises:
            UsageError: the commit has no more than a pointer to it.
        """
        if lent := self._lent(path):
            return self._lender.digest(lent)
        inside = self.repository_path(path, declared=path)
        if inside in self._unreadable:
            raise UsageError(f"{path!r} is {self._unreadable[inside]}", where="the past commit")
        return super().digest(path)

    def take_digests(self, paths: Iterable[str]) -> None:
        """Have the digests of files at hand.

        Raises:
            ConflictError: one has vanished.
        """
        asked = {path: self._lent(path) for path in paths}
        self._lender.take_digests(lent for lent in asked.values() if lent)
        super().take_digests(path for path, lent in asked.items() if lent is None)

    def pointer(self, path: str) -> Pointer | None:
        """What a file says of content that is elsewhere, if it is a pointer of Git LFS."""
        lent = self._lent(path)
        return self._lender.pointer(lent) if lent else super().pointer(path)

    def stands_for(self, path: str) -> Pointer | None:
        """What a file of a folder stands for, if it is a pointer that git has."""
        lent = self._lent(path)
        return self._lender.stands_for(lent) if lent else super().stands_for(path)

    def size(self, files: Iterable[str]) -> int:
        """The bytes of files, as they were when their digests were taken."""
        asked = {path: self._lent(path) for path in files}
        lent = self._lender.size(lent for lent in asked.values() if lent)
        return lent + super().size(path for path, lent in asked.items() if lent is None)

    def copy(self, path: str, target: Path) -> None:
        """Copy a file whose digest was taken.

        Raises:
            ConflictError: it has changed since.
        """
        if lent := self._lent(path):
            self._lender.copy(lent, target)
        else:
            super().copy(path, target)

    def path(self, path: str) -> Path:
        """Where a file is."""
        lent = self._lent(path)
        return self._lender.path(lent) if lent else super().path(path)

    def _absolute(self, path: str) -> str:
        return str(self.path(path))

    def _lent(self, path: str) -> str | None:
        """What a path is called by the lender; None if it is not borrowed."""
        found = (name for name in self._borrowed if contains(name, path))
        return next((self._borrowed[name] + path.removeprefix(name) for name in found), None)
