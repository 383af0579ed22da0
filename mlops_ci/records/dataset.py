"""A dataset at one moment: its digest and a first profile."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlops_ci.records.actor import Actor


@dataclass(frozen=True, slots=True)
class FrequentValue:
    """A value of a column, as text, and how many rows have it."""

    value: str
    rows: int


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column: its type, missing values, range, and how its values are distributed.

    ``minimum`` and ``maximum`` are absent where the type has no order, where all values are missing, and
    where the name suggests personal data; the same goes for the other values. ``distinct`` counts the values there are,
    null where they were not counted. Of numbers ``quantiles`` are those at 0, 0.05, … 1, beside ``mean`` and
    ``deviation``, the standard deviation; of everything else ``top`` has the ten most frequent values, most frequent
    first.
    """

    name: str
    type: str
    missing: int
    minimum: float | str | None = None
    maximum: float | str | None = None
    distinct: int | None = None
    mean: float | None = None
    deviation: float | None = None
    quantiles: tuple[float, ...] = ()
    top: tuple[FrequentValue, ...] = ()


@dataclass(frozen=True, slots=True)
class DatasetProfile:
    """Rows and columns of a table."""

    rows: int
    columns: tuple[ColumnProfile, ...]


@dataclass(frozen=True, slots=True)
class DatasetSource:
    """What stood for a dataset's content: its address, and the etag or version it had there; that of a folder is null.

    ``fingerprint`` is ``etag``, ``version`` or ``content``; ``md5`` is that of a pointer of DVC, which has no address.
    """

    fingerprint: str
    uri: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """A dataset's content: files, total bytes, digest, and a profile where it is a table whose content was here.

    ``source`` is where it comes from; null for files of the repository's folder, whose content has the digest.
    ``unprofiled`` says why there is no profile of a file that is called like a table and was here.
    """

    path: str
    digest: str
    size: int
    files: int
    profile: DatasetProfile | None = None
    source: DatasetSource | None = None
    unprofiled: str | None = None


DATASET_FORMAT = 1


@dataclass(frozen=True, slots=True)
class SeenDataset:
    """A version of a dataset, as it is kept: who saw it first, when (ISO 8601 in UTC), in which run and commit.

    ``run`` and ``commit`` are null where nobody ran anything, but registered it.
    """

    format: int
    name: str
    version: DatasetVersion
    first_seen: str
    actor: Actor
    run: str | None = None
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class DatasetTagging:
    """An entry of the list of a dataset's tags: those set and removed on the version with a digest.

    ``transaction`` is what its writer knows it by, should the reply of the storage get lost.
    """

    format: int
    transaction: str
    digest: str
    time: str
    actor: Actor
    set: dict[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownDataset:
    """A version of a dataset with all that is known of it; ``models`` are the versions made of it, as ``m@v3``."""

    name: str
    version: DatasetVersion
    first_seen: str
    run: str | None
    commit: str | None
    tags: dict[str, str]
    models: tuple[str, ...]
