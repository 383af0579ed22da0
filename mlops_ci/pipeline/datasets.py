"""Datasets: their digest, and a first profile where they are tables."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mlops_ci.edge.tables import is_table, profile, read_table
from mlops_ci.errors import MissingExtraError
from mlops_ci.pipeline.snapshot import Snapshot
from mlops_ci.project.project import Dataset
from mlops_ci.records.dataset import DatasetProfile, DatasetVersion


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
        profile=_profile(single, where) if single.is_file() and is_table(single) else None,
    )


def _profile(path: Path, where: str) -> DatasetProfile | None:
    try:
        return profile(read_table(path, called=where))
    except MissingExtraError:
        return None  # a profile is a courtesy; whoever runs steps alone need not install polars
