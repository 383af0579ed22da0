"""Datasets: their digest, and a first profile where they are tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mlops_ci.edge.content_facts import ContentFacts
from mlops_ci.edge.tables import is_table
from mlops_ci.errors import UsageError
from mlops_ci.pipeline.pointers import DvcPointer, dvc_ignores, dvc_md5, dvc_pointer
from mlops_ci.pipeline.remote_data import RemoteDataset
from mlops_ci.pipeline.snapshot import Snapshot
from mlops_ci.project.project import Dataset
from mlops_ci.records.dataset import DatasetProfile, DatasetSource, DatasetVersion
from mlops_ci.records.digest import digest_of_value


def dataset_versions(datasets: Iterable[Dataset], snapshot: Snapshot, facts: ContentFacts) -> dict[str, DatasetVersion]:
    """Describe the present content of datasets, by name.

    Raises:
        UsageError: one does not exist, or is a table that is empty or cannot be read.
        RemoteError: one is elsewhere, and nobody can say what it is.
    """
    return {dataset.name: _version(dataset, snapshot, facts) for dataset in datasets}


def with_profiles(
    versions: Mapping[str, DatasetVersion], snapshot: Snapshot, facts: ContentFacts
) -> dict[str, DatasetVersion]:
    """Versions of datasets, with the profiles of those that are elsewhere and have been downloaded meanwhile."""
    found = dict(versions)
    for name, version in versions.items():
        remote = snapshot.remote(version.path)
        if remote and version.profile is None:
            found[name] = replace(version, profile=_remote_profile(remote, version.path, facts))
    return found


def _version(dataset: Dataset, snapshot: Snapshot, facts: ContentFacts) -> DatasetVersion:
    if remote := snapshot.remote(dataset.path):
        version = remote.version()
        return replace(version, profile=_remote_profile(remote, dataset.path, facts))
    where = f"dataset {dataset.name}"
    single = snapshot.path(dataset.path)
    pointer = dvc_pointer(single, dataset.path)
    if pointer and not single.exists():
        return DatasetVersion(
            dataset.path, _of_md5(pointer), pointer.size or 0, pointer.files or 1, source=_known_by(pointer)
        )
    files = snapshot.dataset(dataset.path, declared=where)
    digest = snapshot.tree_digest(dataset.path, files)
    if files == (dataset.path,) and (elsewhere := snapshot.pointer(dataset.path)):
        return DatasetVersion(dataset.path, elsewhere.digest, elsewhere.size, 1)
    if pointer:
        _require_fit(pointer, dataset, snapshot, digest, facts)
    is_one = single.is_file() and is_table(single)
    return DatasetVersion(
        path=dataset.path,
        digest=_of_md5(pointer) if pointer else digest,
        size=snapshot.size(files),
        files=len(files),
        profile=facts.profile(single, digest, called=where) if is_one else None,
        source=_known_by(pointer) if pointer else None,
    )


def _of_md5(pointer: DvcPointer) -> str:
    """The digest of data that DVC has: the same whether they are here or not."""
    return digest_of_value(["dvc", pointer.md5])


def _known_by(pointer: DvcPointer) -> DatasetSource:
    return DatasetSource("md5", tag=pointer.md5)


def _require_fit(pointer: DvcPointer, dataset: Dataset, snapshot: Snapshot, digest: str, facts: ContentFacts) -> None:
    """Make sure that data are those of their pointer, which is what they are known by.

    Raises:
        UsageError: they are not.
    """
    folder = pointer.md5.endswith(".dir")
    if not pointer.exact or (folder and dvc_ignores(snapshot.root)):
        return
    files = {
        name.removeprefix(f"{dataset.path}/"): snapshot.path(name)
        for name in snapshot.dataset(dataset.path, declared=dataset.name)
    }
    if facts.md5(digest, folder=folder, find=lambda: dvc_md5(files, folder=folder)) != pointer.md5:
        hint = f"run dvc checkout {pointer.file}, or dvc add {dataset.path} if they are meant to have changed"
        raise UsageError(f"the data are not those of {pointer.file}", where=f"dataset {dataset.name}", hint=hint)


def _remote_profile(remote: RemoteDataset, path: str, facts: ContentFacts) -> DatasetProfile | None:
    """The profile of a table that is elsewhere, if its content has been downloaded and is one."""
    if remote.files() != (path,) or not is_table(Path(path)):
        return None
    place = remote.at_hand(path)
    with suppress(UsageError):
        return facts.profile(place, remote.content(path).digest, called=path) if place else None
    return None
