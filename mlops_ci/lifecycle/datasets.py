"""Which versions of datasets a workspace knows, and which models were made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from mlops_ci.edge.content_facts import content_facts
from mlops_ci.edge.stat_cache import stat_cache
from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.finding import find_versions
from mlops_ci.lifecycle.session import Session
from mlops_ci.lifecycle.upkeep import pins_of
from mlops_ci.lineage.data_difference import dataset_change
from mlops_ci.pipeline.datasets import dataset_versions
from mlops_ci.pipeline.snapshot import Snapshot
from mlops_ci.project.project import Dataset
from mlops_ci.records.dataset import DatasetVersion, KnownDataset, SeenDataset
from mlops_ci.records.difference import DatasetChange
from mlops_ci.records.run import Run
from mlops_ci.registry.datasets import DatasetShelf, dataset_names, find_version, read_tags, read_versions
from mlops_ci.registry.search import Query
from mlops_ci.workspace.store import Store


def keep_datasets(session: Session, run: Run) -> None:
    """Keep what a run of the default branch has read; that of other branches is in its record alone."""
    if session.read_only or session.dirty or not session.context.releases:
        return
    shelf = DatasetShelf(session.store, session.context.actor, session.clock)
    for name, version in run.datasets.items():
        shelf.keep(name, version, run=run.id, commit=session.commit.sha)


def describe(path: Path, environ: Mapping[str, str]) -> DatasetVersion:
    """The present content of a file or folder anywhere on this machine.

    Raises:
        UsageError: there is none.
    """
    place = path.absolute()
    if not place.exists():
        raise UsageError("no such file or folder", where=str(path))
    remembered = stat_cache(place.parent, environ)
    snapshot = Snapshot(place.parent, ".", tracked=frozenset(), files=(), remembered=remembered)
    (version,) = dataset_versions([Dataset(path.name, place.name)], snapshot, content_facts(environ)).values()
    # Where somebody's home is, is nobody's business.
    return version if path.is_absolute() else replace(version, path=path.as_posix())


def known_datasets(store: Store, name: str | None, environ: Mapping[str, str]) -> list[KnownDataset]:
    """All versions of a dataset, or of all, the newest first.

    Raises:
        UsageError: there is no dataset with that name.
    """
    if name is not None:
        find_version(store, name, None)
    used = _used(store, environ)
    return [
        known
        for each in ([name] if name is not None else dataset_names(store))
        for known in _known(store, each, read_versions(store, each), used)
    ]


def known_dataset(store: Store, name: str, reference: str | None, environ: Mapping[str, str]) -> KnownDataset:
    """A version of a dataset.

    Raises:
        UsageError: there is none.
    """
    return next(_known(store, name, [find_version(store, name, reference)], _used(store, environ)))


def change_between(store: Store, name: str, before: str | None, after: str | None) -> DatasetChange | None:
    """What differs between two versions of a dataset, by default between the two newest; None if nothing does.

    Raises:
        UsageError: there are not two.
    """
    newer = find_version(store, name, after)
    if before is not None:
        older = find_version(store, name, before)
    else:
        versions = read_versions(store, name)
        rest = versions[[seen.version.digest for seen in versions].index(newer.version.digest) + 1 :]
        if not rest:
            raise UsageError(f"the dataset {name!r} has no version before this one", where=newer.version.digest)
        older = rest[0]
    return dataset_change(name, older.version, newer.version)


def _known(
    store: Store, name: str, versions: list[SeenDataset], used: Mapping[tuple[str, str], list[str]]
) -> Iterator[KnownDataset]:
    tags = read_tags(store, name)
    for seen in versions:
        digest = seen.version.digest
        models = tuple(used.get((name, digest), ()))
        yield KnownDataset(name, seen.version, seen.first_seen, seen.run, seen.commit, tags.get(digest, {}), models)


def _used(store: Store, environ: Mapping[str, str]) -> dict[tuple[str, str], list[str]]:
    """The versions of all models, by the name and digest of the datasets that they were made of."""
    found: dict[tuple[str, str], list[str]] = {}
    for version in find_versions(store, Query(), environ, pins_of(environ)):
        for name, digest in version.datasets.items():
            found.setdefault((name, digest), []).append(f"{version.model}@v{version.version}")
    return found
