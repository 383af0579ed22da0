"""Datasets: their digest, and a first profile where they are tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mlops_ci.edge.profile_cache import ProfileCache
from mlops_ci.edge.tables import is_table
from mlops_ci.errors import UsageError
from mlops_ci.pipeline.remote_data import RemoteDataset
from mlops_ci.pipeline.snapshot import Snapshot
from mlops_ci.project.project import Dataset
from mlops_ci.records.dataset import DatasetProfile, DatasetVersion


def dataset_versions(
    datasets: Iterable[Dataset], snapshot: Snapshot, profiles: ProfileCache
) -> dict[str, DatasetVersion]:
    """Describe the present content of datasets, by name.

    Raises:
        UsageError: one does not exist, or is a table that is empty or cannot be read.
        RemoteError: one is elsewhere, and nobody can say what it is.
    """
    return {dataset.name: _version(dataset, snapshot, profiles) for dataset in datasets}


def with_profiles(
    versions: Mapping[str, DatasetVersion], snapshot: Snapshot, profiles: ProfileCache
) -> dict[str, DatasetVersion]:
    """Versions of datasets, with the profiles of those that are elsewhere and have been downloaded meanwhile."""
    found = dict(versions)
    for name, version in versions.items():
        remote = snapshot.remote(version.path)
        if remote and version.profile is None:
            found[name] = replace(version, profile=_remote_profile(remote, version.path, profiles))
    return found


def _version(dataset: Dataset, snapshot: Snapshot, profiles: ProfileCache) -> DatasetVersion:
    if remote := snapshot.remote(dataset.path):
        version = remote.version()
        return replace(version, profile=_remote_profile(remote, dataset.path, profiles))
    where = f"dataset {dataset.name}"
    files = snapshot.dataset(dataset.path, declared=where)
    single = snapshot.path(dataset.path)
    digest = snapshot.tree_digest(dataset.path, files)
    if files == (dataset.path,) and (pointer := snapshot.pointer(dataset.path)):
        return DatasetVersion(dataset.path, pointer.digest, pointer.size, 1)
    is_one = single.is_file() and is_table(single)
    return DatasetVersion(
        path=dataset.path,
        digest=digest,
        size=snapshot.size(files),
        files=len(files),
        profile=profiles.profile(single, digest, called=where) if is_one else None,
    )


def _remote_profile(remote: RemoteDataset, path: str, profiles: ProfileCache) -> DatasetProfile | None:
    """The profile of a table that is elsewhere, if its content has been downloaded and is one."""
    if remote.files() != (path,) or not is_table(Path(path)):
        return None
    place = remote.at_hand(path)
    with suppress(UsageError):
        return profiles.profile(place, remote.content(path).digest, called=path) if place else None
    return None
