"""Verifies what a workspace keeps of datasets."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_ci.errors import IntegrityError
from mlops_ci.project.names import is_name
from mlops_ci.records.codec import decode
from mlops_ci.records.dataset import DATASET_FORMAT, DatasetTagging, SeenDataset
from mlops_ci.records.digest import is_digest
from mlops_ci.registry.check_hints import Finding
from mlops_ci.workspace.dataset_layout import (
    dataset_key,
    dataset_prefix,
    dataset_tag_key,
    dataset_tags_prefix,
    dataset_versions_prefix,
)
from mlops_ci.workspace.layout import DATASETS
from mlops_ci.workspace.store import Store


def check_datasets(store: Store) -> Iterator[Finding]:
    """What is wrong with the versions of datasets and their tags: records that are damaged, misplaced or missing."""
    for name in store.folders(DATASETS):
        if not is_name(name):
            yield Finding(f"{DATASETS}{name}/", "not the name of a dataset")
            continue
        keys = [item.key for item in store.list(dataset_prefix(name))]
        versions = [key for key in keys if key.startswith(dataset_versions_prefix(name))]
        tags = [key for key in keys if key.startswith(dataset_tags_prefix(name))]
        yield from (Finding(key, "not ours") for key in keys if key not in {*versions, *tags})
        yield from _versions(store, name, versions)
        yield from _tags(store, name, tags, {*versions})


def _versions(store: Store, name: str, keys: list[str]) -> Iterator[Finding]:
    for key in keys:
        try:
            seen = decode(store.get(key) or b"", SeenDataset, where=key)
        except IntegrityError as error:
            yield Finding(key, error.what)
            continue
        digest = seen.version.digest
        if seen.format != DATASET_FORMAT:
            yield Finding(key, "written by another mlops-ci")
        elif seen.name != name or not is_digest(digest) or key != dataset_key(name, digest):
            yield Finding(key, "a record of another version lies in its place")


def _tags(store: Store, name: str, keys: list[str], versions: set[str]) -> Iterator[Finding]:
    for number, key in enumerate(sorted(keys), 1):
        if key != (expected := dataset_tag_key(name, number)):
            yield Finding(expected, "an entry of the list of tags is missing")
            return
        try:
            entry = decode(store.get(key) or b"", DatasetTagging, where=key)
        except IntegrityError as error:
            yield Finding(key, error.what)
            continue
        if not is_digest(entry.digest) or dataset_key(name, entry.digest) not in versions:
            yield Finding(key, "tags of a version that is not there")
