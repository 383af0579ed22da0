"""The tables of the search index, and the view of them that a fold works on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, MutableMapping
from typing import TypeVar

from mlops_ci.errors import IntegrityError
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.model_version import ModelVersion

T = TypeVar("T")

SCHEMA_VERSION = 1
SCHEMA = """
create table models (model text primary key, head integer, digest text, rest blob);
create table versions (
    model text, version integer, fingerprint text, digest text, created text, record blob, words text,
    primary key (model, version)
) without rowid;
create index versions_by_fingerprint on versions (model, fingerprint);
create index versions_by_time on versions (created);
create table commits (model text, version integer, sha text, primary key (model, version, sha)) without rowid;
create index commits_by_sha on commits (sha);
create table tags (
    model text, version integer, name text, value text, primary key (model, version, name)
) without rowid;
create index tags_by_value on tags (name, value);
create table metrics (
    model text, version integer, name text, value real, primary key (model, version, name)
) without rowid;
create index metrics_by_value on metrics (name, value);
create table aliases (model text, version integer, alias text, primary key (model, version, alias)) without rowid;
"""
_FACETS = ("commits", "tags", "metrics", "aliases")
_MANY = 2000


def stored(data: bytes, kind: type[T]) -> T:
    """Decode a record of the index.

    Raises:
        sqlite3.DatabaseError: it is damaged, as other parts of the file may be.
    """
    try:
        return decode(data, kind, where="the search index")
    except (IntegrityError, TypeError) as error:
        raise sqlite3.DatabaseError("a record of the index is damaged") from error


class IndexedVersions(MutableMapping[int, ModelVersion]):
    """The versions of a model in the index. Changes are kept in memory until there are many, or ``flush``."""

    def __init__(self, database: sqlite3.Connection, model: str) -> None:
        self._database = database
        self._model = model
        self._changed: dict[int, ModelVersion | None] = {}
        self._fingerprints: dict[str, int] = {}  # of what has changed

    def __getitem__(self, number: int) -> ModelVersion:
        if number in self._changed:
            version = self._changed[number]
        else:
            sql = "select record from versions where model = ? and version = ?"
            row = self._database.execute(sql, (self._model, number)).fetchone()
            version = stored(row[0], ModelVersion) if row else None
        if version is None:
            raise KeyError(number)
        return version

    def __setitem__(self, number: int, version: ModelVersion) -> None:
        self._changed[number] = version
        self._fingerprints[version.fingerprint] = number
        if len(self._changed) > _MANY:
            self.flush()

    def __delitem__(self, number: int) -> None:
        self._changed[number] = None

    def __iter__(self) -> Iterator[int]:
        self.flush()
        sql = "select version from versions where model = ? order by version"
        return (number for (number,) in self._database.execute(sql, (self._model,)))

    def __len__(self) -> int:
        self.flush()
        sql = "select count(*) from versions where model = ?"
        count: int = self._database.execute(sql, (self._model,)).fetchone()[0]
        return count

    def number_with(self, fingerprint: str) -> int | None:
        """The version with a fingerprint."""
        sql = "select version from versions where model = ? and fingerprint = ? order by version desc"
        number = self._fingerprints.get(fingerprint)
        if number is None:
            row = self._database.execute(sql, (self._model, fingerprint)).fetchone()
            number = row[0] if row else None
        return number if number is not None and self._changed.get(number, True) is not None else None

    def flush(self) -> None:
        """Write what has changed."""
        gone = [(self._model, number) for number in self._changed]
        for table in ("versions", *_FACETS):
            self._database.executemany(f"delete from {table} where model = ? and version = ?", gone)  # noqa: S608
        for version in self._changed.values():
            if version:
                self._insert(version)
        self._changed.clear()
        self._fingerprints.clear()

    def _insert(self, version: ModelVersion) -> None:
        key = (version.model, version.version)
        row = (*key, version.fingerprint, version.digest, version.created, encode(version), words_of(version))
        self._database.execute("insert into versions values (?, ?, ?, ?, ?, ?, ?)", row)
        commits = dict.fromkeys(commit for commit in (version.commit, *version.links) if commit)
        self._fill("commits", [(*key, commit) for commit in commits])
        self._fill("tags", [(*key, name, value) for name, value in version.tags.items()])
        self._fill("metrics", [(*key, name, value) for name, value in version.metrics.items()])
        self._fill("aliases", [(*key, alias) for alias in version.aliases])

    def _fill(self, table: str, rows: list[tuple[object, ...]]) -> None:
        if rows:
            places = ", ".join("?" * len(rows[0]))
            self._database.executemany(f"insert into {table} values ({places})", rows)  # noqa: S608 - our own names


class IndexedFingerprints(MutableMapping[str, int]):
    """Which version has which fingerprint; follows from the versions, so that there is nothing to write."""

    def __init__(self, versions: IndexedVersions) -> None:
        self._versions = versions

    def __getitem__(self, fingerprint: str) -> int:
        number = self._versions.number_with(fingerprint)
        if number is None:
            raise KeyError(fingerprint)
        return number

    def __setitem__(self, fingerprint: str, version: int) -> None:
        pass

    def __delitem__(self, fingerprint: str) -> None:
        pass

    def __iter__(self) -> Iterator[str]:
        return (version.fingerprint for version in self._versions.values())

    def __len__(self) -> int:
        return len(self._versions)


def words_of(version: ModelVersion) -> str:
    """What a text search looks into: the commit's subject, tags, params, names of files, verdicts, the run."""
    found = [
        version.model,
        version.run or "",
        version.source.subject if version.source else "",
        *(f"{name}={value}" for name, value in version.tags.items()),
        *(f"{name}={value}" for name, value in version.params.items()),
        *(file.path for file in version.files),
        *(judgement.summary for judgement in version.judgements),
    ]
    return "\n".join(found).casefold()
