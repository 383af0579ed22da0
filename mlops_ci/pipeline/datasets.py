"""Datasets: their digest, and a first profile where they are tables."""

from __future__ import annotations

from collections.abc import Iterable

from mlops_ci.edge.table_profile import profile_table
from mlops_ci.edge.tables import is_table
from mlops_ci.pipeline.snapshot import Snapshot
from mlops_ci.project.project import Dataset
from mlops_ci.records.dataset import DatasetVersion


def dataset_versions(datasets: Iterable[Dataset], snapshot: Snapshot) -> dict[str, DatasetVersion]:
    """Describe the present content of datasets, by name.

    Raises:
        UsageError: one does not exist, or is a table that is empty or cannot be read.
    """
    return {dataset.name: _version(dataset, snapshot) for dataset in datasets}


def _version(dataset: Dataset, snapshot: Snapshot) -> DatasetVersion:
    where = f"dataset {dataset.name}"
    files = snapshot.dataset(dataset.path, declared=where)
    single = snapshot.path(dataset.path)
    digest = snapshot.tree_digest(dataset.path, files)
    if files == (dataset.path,) and (pointer := snapshot.pointer(dataset.path)):
        return DatasetVersion(dataset.path, pointer.digest, pointer.size, 1)
    return DatasetVersion(
        path=dataset.path,
        digest=digest,
        size=snapshot.size(files),
        files=len(files),
        profile=profile_table(single, called=where) if single.is_file() and is_table(single) else None,
    )
