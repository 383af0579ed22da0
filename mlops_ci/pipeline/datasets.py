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
    return DatasetVersion(
        path=dataset.path,
        digest=snapshot.tree_digest(dataset.path, files),
        size=sum(snapshot.path(file).stat().st_size for file in files),
        files=len(files),
        profile=profile_table(single, called=where) if single.is_file() and is_table(single) else None,
    )
