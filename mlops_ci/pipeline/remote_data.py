"""Datasets at an address: known by their etags or versions, and downloaded when a step that runs needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Protocol

from mlops_ci.errors import UsageError
from mlops_ci.pipeline.downloads import Downloads, downloads
from mlops_ci.project.paths import escapes, normalise
from mlops_ci.project.project import Dataset
from mlops_ci.project.remote_datasets import is_folder, is_http
from mlops_ci.records.dataset import DatasetSource, DatasetVersion
from mlops_ci.records.digest import digest_of_tree, digest_of_value
from mlops_ci.records.files import FileRecord, RemoteFile
from mlops_ci.workspace.store import Watch, unwatched

_AT_ONCE = 8


class Source(Protocol):
    """Where a dataset is."""

    def files(self) -> Sequence[RemoteFile]:
        """The files at the address, without their bytes; none where nothing is."""
        ...

    def fetch(self, file: RemoteFile, target: Path) -> FileRecord:
        """Write a file as it was when it was looked at, or raise."""
        ...


class RemoteDataset:
    """A dataset that is elsewhere, as it is when it is first asked for. Several threads may ask.

    Args:
        dataset: what the project says of it.
        source: where it is.
        kept: the downloads of this machine.
    """

    def __init__(self, dataset: Dataset, source: Source, kept: Downloads) -> None:
        self._dataset = dataset
        self._uri = dataset.uri or ""
        self._source = source
        self._kept = kept
        self._looking, self._loading = Lock(), Lock()
        self._found: dict[str, RemoteFile] = {}
        self._here: dict[str, tuple[Path, FileRecord]] = {}

    def files(self) -> tuple[str, ...]:
        """The paths at which steps find its files.

        Raises:
            UsageError: there are none.
            RemoteError: nobody can say.
        """
        return tuple(self._files())

    def holds(self, path: str) -> bool:
        """Whether one of its files is at a path."""
        return path in self._files()

    def version(self) -> DatasetVersion:
        """What it is now, known without a download if it is not known by its content.

        Raises:
            UsageError: it is not there, or cannot be known in the way that is asked for.
            RemoteError: nobody can say.
        """
        found, source = self._files(), DatasetSource(self._dataset.fingerprint, self._uri)
        path, folder = self._dataset.path, is_folder(self._uri)
        if self._dataset.fingerprint == "content":
            self._load([name for name, file in found.items() if self._kept.known(self._uri, file) is None])
            records = {name: self.content(name) for name in found}
            digests = [(name.removeprefix(f"{path}/"), record.digest) for name, record in records.items()]
            digest = digest_of_tree(digests) if folder else records[path].digest
            return DatasetVersion(path, digest, sum(one.size for one in records.values()), len(found), source=source)
        tags = {name: self._tag(file) for name, file in found.items()}
        named = sorted((name.removeprefix(f"{path}/"), tag) for name, tag in tags.items()) if folder else tags[path]
        return DatasetVersion(
            path=path,
            digest=digest_of_value([self._dataset.fingerprint, self._uri, named]),
            size=sum(file.size or 0 for file in found.values()),
            files=len(found),
            source=source if folder else DatasetSource(self._dataset.fingerprint, self._uri, tags[path]),
        )

    def content(self, path: str) -> FileRecord:
        """Digest and size of the content of one of its files, which is downloaded if nobody has ever done so here.

        Raises:
            ConflictError: it is not what it was when it was looked at any more.
            RemoteError: it is not to be had.
        """
        if path not in self._here:
            if known := self._kept.known(self._uri, self._files()[path]):
                return known
            self._load([path])
        return self._here[path][1]

    def place(self, path: str) -> Path:
        """Where one of its files is on this machine, to be read only; all are downloaded by then.

        Raises:
            ConflictError: it is not what it was when it was looked at any more.
            RemoteError: it is not to be had.
        """
        self._load([name for name in self._files() if self.at_hand(name) is None])
        return self._here[path][0]

    def at_hand(self, path: str) -> Path | None:
        """Where one of its files is on this machine; None if it is not, or not as it was downloaded."""
        if path not in self._here:
            file = self._files()[path]
            place, known = self._kept.here(self._uri, file, self._suffix(path)), self._kept.known(self._uri, file)
            if place is None or known is None:
                return None
            self._here[path] = place, known
        return self._here[path][0]

    def _load(self, paths: Sequence[str]) -> None:
        """Download files, unless another thread has done so meanwhile."""
        files = self._files()
        with self._loading:
            missing = [path for path in paths if path not in self._here]
            pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="download")
            try:
                for path, taken in zip(
                    missing, pool.map(self._taken, missing, [files[path] for path in missing]), strict=True
                ):
                    self._here[path] = taken
            finally:
                pool.shutdown(cancel_futures=True)

    def _taken(self, path: str, file: RemoteFile) -> tuple[Path, FileRecord]:
        return self._kept.take(self._uri, file, self._suffix(path), partial(self._source.fetch, file))

    def _tag(self, file: RemoteFile) -> str:
        if self._dataset.fingerprint == "version":
            if file.version is None:
                hint = "switch versioning on there, or use fingerprint: etag"
                raise UsageError("the storage keeps no versions of it", where=self._uri, hint=hint)
            return file.version
        if file.tag is None or file.size is None:
            hint = "use fingerprint: content, which downloads it"
            raise UsageError("the server says neither etag nor time and size", where=self._uri, hint=hint)
        return file.tag

    def _files(self) -> dict[str, RemoteFile]:
        with self._looking:
            if not self._found:
                found = self._source.files()
                self._found = self._below(found) if is_folder(self._uri) else self._alone(found)
            if not self._found:
                name = self._dataset.name
                hint = f"correct datasets.{name}.uri"
                raise UsageError(f"dataset {name!r}: nothing is there", where=self._uri, hint=hint)
            return self._found

    def _alone(self, objects: Sequence[RemoteFile]) -> dict[str, RemoteFile]:
        return {self._dataset.path: objects[0]} if objects else {}

    def _below(self, objects: Sequence[RemoteFile]) -> dict[str, RemoteFile]:
        """The files of a folder, by path."""
        start = self._uri.partition("?")[0].partition("://")[2].partition("/")[2]
        found = {file.name.removeprefix(start): file for file in objects}
        folders = {parent.as_posix() for name in found for parent in PurePosixPath(name).parents}
        # Some tools mark folders with objects that have a folder's name, and no bytes.
        marks = {name for name, file in found.items() if not file.size and (name in folders or f"{name}/" == start)}
        files = {name: file for name, file in found.items() if name not in marks}
        for name in files:
            if normalise(name) != name or escapes(name) or "\0" in name or name in folders:
                raise UsageError("an object's name is no path of a file", where=f"{name!r} in {self._uri}")
        return {f"{self._dataset.path}/{name}": file for name, file in sorted(files.items())}

    def _suffix(self, path: str) -> str:
        return PurePosixPath(path).suffix if PurePosixPath(path).suffix.isascii() else ""


def remote_datasets(
    datasets: Sequence[Dataset], environ: Mapping[str, str], watch: Watch = unwatched
) -> dict[str, RemoteDataset]:
    """Those of some datasets that are elsewhere, by path; nobody is asked yet.

    Args:
        datasets: datasets of a project.
        environ: the environment variables, where credentials come from.
        watch: is told of downloads.

    Raises:
        UsageError: an address is malformed.
    """
    elsewhere = [dataset for dataset in datasets if dataset.uri]
    kept = downloads(environ) if elsewhere else None
    return {one.path: RemoteDataset(one, _source(one.uri or "", environ, watch), kept) for one in elsewhere if kept}


def _source(uri: str, environ: Mapping[str, str], watch: Watch) -> Source:
    # Here, as most projects need neither, and importing them takes longer than planning does.
    if is_http(uri):
        from mlops_ci.edge.http_file import HttpFile

        return HttpFile(uri, partial(watch, uri))
    from mlops_ci.workspace.objects.address import parse_address
    from mlops_ci.workspace.objects.reading import ObjectReader

    return ObjectReader(parse_address(uri, "dataset"), environ, watch, folder=is_folder(uri))
