"""What is kept of datasets: a record for each version, written once, and a list of taggings that only grows."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping

from mlops_ci.edge.clock import Clock, timestamp
from mlops_ci.errors import OutcomeUnknownError, RemoteError, UsageError
from mlops_ci.project.names import is_name
from mlops_ci.records.actor import Actor
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.dataset import DATASET_FORMAT, DatasetTagging, DatasetVersion, SeenDataset
from mlops_ci.records.digest import hexadecimal
from mlops_ci.workspace.dataset_layout import (
    dataset_key,
    dataset_tag_key,
    dataset_tags_prefix,
    dataset_versions_prefix,
)
from mlops_ci.workspace.layout import DATASETS, log_sequence
from mlops_ci.workspace.store import Store

_SHORTEST = 4


class DatasetShelf:
    """The datasets of a workspace.

    Args:
        store: the workspace.
        actor: who writes.
        clock: tells when.
    """

    def __init__(self, store: Store, actor: Actor, clock: Clock) -> None:
        self._store = store
        self._actor = actor
        self._clock = clock

    def keep(
        self, name: str, version: DatasetVersion, *, run: str | None = None, commit: str | None = None
    ) -> SeenDataset:
        """Keep a version that may be new, and return what is known: whoever saw it first stays on record."""
        key = dataset_key(name, version.digest)
        seen = SeenDataset(DATASET_FORMAT, name, version, timestamp(self._clock()), self._actor, run, commit)
        data = self._store.get(key)
        if data is None and not self._store.create(key, encode(seen)):
            data = self._store.get(key)
        return decode(data, SeenDataset, where=key) if data is not None else seen

    def tag(self, name: str, digest: str, tags: Mapping[str, str], remove: Collection[str] = ()) -> dict[str, str]:
        """Set and remove tags of a version, and return all that it has; what is so already is not written again.

        Raises:
            OutcomeUnknownError: the storage did not say whether it was written; it is safe to do it again.
        """
        while True:
            seq, present = len(self._taggings(name)), read_tags(self._store, name).get(digest, {})
            new = {key: value for key, value in tags.items() if present.get(key) != value}
            gone = tuple(sorted(present.keys() & set(remove) - tags.keys()))
            if not new and not gone:
                return present
            key, transaction = dataset_tag_key(name, seq + 1), uuid.uuid4().hex
            entry = DatasetTagging(
                DATASET_FORMAT, transaction, digest, timestamp(self._clock()), self._actor, new, gone
            )
            try:
                self._store.create(key, encode(entry))
                found = self._store.get(key)
            except RemoteError as error:
                raise OutcomeUnknownError("nobody knows whether the tags were written", where=key) from error
            # What create says is not asked: its first try may have worked before the reply got lost.
            if found is not None and decode(found, DatasetTagging, where=key).transaction == transaction:
                return read_tags(self._store, name)[digest]

    def _taggings(self, name: str) -> list[str]:
        return list(_tag_keys(self._store, name))


def dataset_names(store: Store) -> list[str]:
    """The datasets of a workspace, sorted."""
    return [name for name in store.folders(DATASETS) if is_name(name)]


def read_versions(store: Store, name: str) -> list[SeenDataset]:
    """The versions of a dataset, the newest first."""
    keys = [item.key for item in store.list(dataset_versions_prefix(name))]
    found = [decode(data, SeenDataset, where=key) for key in keys if (data := store.get(key)) is not None]
    return sorted(found, key=lambda seen: (seen.first_seen, seen.version.digest), reverse=True)


def read_tags(store: Store, name: str) -> dict[str, dict[str, str]]:
    """The tags of the versions of a dataset, by digest."""
    found: dict[str, dict[str, str]] = {}
    for key in _tag_keys(store, name):
        entry = decode(store.get(key) or b"", DatasetTagging, where=key)
        tags = found.setdefault(entry.digest, {})
        for gone in entry.remove:
            tags.pop(gone, None)
        tags.update(entry.set)
    return found


def find_version(store: Store, name: str, reference: str | None) -> SeenDataset:
    """A version by the beginning of its digest, or by ``@KEY`` or ``@KEY=VALUE``: the newest with that tag.

    Args:
        store: the workspace.
        name: the dataset.
        reference: None for the newest version.

    Raises:
        UsageError: there is none, or there are several.
    """
    versions = read_versions(store, name)
    if not versions:
        hint = f"datasets: {', '.join(dataset_names(store)) or 'none yet'}"
        raise UsageError("no such dataset", where=repr(name), hint=hint)
    if reference is None:
        return versions[0]
    if reference.startswith("@"):
        key, given, value = reference[1:].partition("=")
        tags = read_tags(store, name)
        tagged = [seen for seen in versions if key in tags.get(seen.version.digest, {})]
        found = [seen for seen in tagged if not given or tags[seen.version.digest][key] == value][:1]
    else:
        digits = hexadecimal(reference)
        found = [seen for seen in versions if hexadecimal(seen.version.digest).startswith(digits)]
        found = found if len(digits) >= _SHORTEST else []
    if len(found) > 1:
        raise UsageError("several versions begin like this", where=reference, hint="give more digits")
    if not found:
        hint = "give 4 or more digits of a digest, or @TAG: mlops-ci datasets list shows both"
        raise UsageError(f"the dataset {name!r} has no such version", where=repr(reference[:80]), hint=hint)
    return found[0]


def _tag_keys(store: Store, name: str) -> Iterator[str]:
    return (item.key for item in store.list(dataset_tags_prefix(name)) if log_sequence(item.key) is not None)
