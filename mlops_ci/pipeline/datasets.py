"""Datasets: their digest, and a first profile where they are tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from mlops_ci.edge.content_facts import ContentFacts
from mlops_ci.edge.tables import is_table
from mlops_ci.errors import UsageError
from mlops_ci.pipeline.pointers import DvcPointer, dvc_ignores, dvc_md5, dvc_pointer
from mlops_ci.pipeline.remote_data import RemoteDataset
from mlops_ci.pipeline.snapshot import Snapshot
from mlops_ci.project.project import Dataset
from mlops_ci.records.dataset import DatasetSource, DatasetVersion
from mlops_ci.records.digest import digest_of_value

_LONGEST_REASON = 200


def dataset_versions(datasets: Iterable[Dataset], snapshot: Snapshot, facts: ContentFacts) -> dict[str, DatasetVersion]:
    """Describe the present content of datasets, by name.

    Raises:
        UsageError: one does not exist, or is not what its pointer says.
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
        if remote and version.profile is None and version.unprofiled is None:
            found[name] = _with_remote_profile(version, remote, facts)
    return found


def _version(dataset: Dataset, snapshot: Snapshot, facts: ContentFacts) -> DatasetVersion:
    if remote := snapshot.remote(dataset.path):
        return _with_remote_profile(remote.version(), remote, facts)
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
    version = DatasetVersion(
        path=dataset.path,
        digest=_of_md5(pointer) if pointer else digest,
        size=snapshot.size(files),
        files=len(files),
        source=_known_by(pointer) if pointer else None,
    )
    return _with_profile(version, single, digest, facts) if single.is_file() and is_table(single) else version


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


def _with_profile(version: DatasetVersion, table: Path, digest: str, facts: ContentFacts) -> DatasetVersion:
    """The version with the profile of its table, or with the reason why there is none: it is data all the same."""
    try:
        return replace(version, profile=facts.profile(table, digest, called=version.path))
    except UsageError as error:
        # What is quoted there is content, which may be personal; it is kept with the version.
        return replace(version, unprofiled=error.what.partition("`")[0].strip()[:_LONGEST_REASON])


def _with_remote_profile(version: DatasetVersion, remote: RemoteDataset, facts: ContentFacts) -> DatasetVersion:
    """The version with the profile of a table that is elsewhere, if its content has been downloaded."""
    if remote.files() != (version.path,) or not is_table(Path(version.path)):
        return version
    table = remote.at_hand(version.path)
    return _with_profile(version, table, remote.content(version.path).digest, facts) if table else version
