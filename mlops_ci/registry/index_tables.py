"""The tables of the search index, and the view of them that a fold works on."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Iterator, MutableMapping
from typing import TypeVar

from mlops_ci.errors import IntegrityError
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.model_version import ModelVersion

T = TypeVar("T")

SCHEMA_VERSION = 4
SCHEMA = """
create table models (model text primary key, head integer, digest text, newest integer, rest blob);
create table versions (
    id integer primary key, model text, version integer, fingerprint blob, created text, record blob, words text
);
create unique index versions_by_number on versions (model, version);
create index versions_by_fingerprint on versions (fingerprint);
create index versions_by_time on versions (created);
create table commits (id integer, sha text, primary key (id, sha)) without rowid;
create index commits_by_sha on commits (sha);
create table tags (id integer, name text, value text, primary key (id, name)) without rowid;
create index tags_by_value on tags (name, value);
create table metrics (id integer, name text, value real, primary key (id, name)) without rowid;
create index metrics_by_value on metrics (name, value);
create table aliases (id integer, alias text, primary key (id, alias)) without rowid;
"""
TABLES = ("models", "versions", "commits", "tags", "metrics", "aliases")
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
            version = unpack(row[0]) if row else None
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
        sql = "select version from versions where fingerprint = ? and model = ?"
        number = self._fingerprints.get(fingerprint)
        if number is None:
            row = self._database.execute(sql, (_short(fingerprint), self._model)).fetchone()
            number = row[0] if row else None
        return number if number is not None and self._changed.get(number, True) is not None else None

    def flush(self) -> None:
        """Write what has changed."""
        sql = "select id from versions where model = ? and version = ?"
        for number, version in self._changed.items():
            for (row,) in self._database.execute(sql, (self._model, number)).fetchall():
                self._forget(row)
            if version:
                self._insert(version)
        self._changed.clear()
        self._fingerprints.clear()

    def _insert(self, version: ModelVersion) -> None:
        fingerprint, record = _short(version.fingerprint), zlib.compress(encode(version), 1)
        values = (version.model, version.version, fingerprint, version.created, record, words_of(version))
        sql = "insert into versions values (null, ?, ?, ?, ?, ?, ?)"
        row = self._database.execute(sql, values).lastrowid
        commits = dict.fromkeys(commit for commit in (version.commit, *version.links) if commit)
        self._fill("commits", [(row, commit) for commit in commits])
        self._fill("tags", [(row, name, value) for name, value in version.tags.items()])
        self._fill("metrics", [(row, name, value) for name, value in version.metrics.items()])
        self._fill("aliases", [(row, alias) for alias in version.aliases])

    def _forget(self, row: int) -> None:
        for table in ("versions", *_FACETS):
            self._database.execute(f"delete from {table} where id = ?", (row,))  # noqa: S608 - our own names

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


def forget(database: sqlite3.Connection, model: str) -> None:
    """Remove all that the index says of a model."""
    versions = IndexedVersions(database, model)
    for number in list(versions):
        del versions[number]
    versions.flush()
    database.execute("delete from models where model = ?", (model,))


def unpack(record: bytes) -> ModelVersion:
    """The version in a row of the index."""
    try:
        return stored(zlib.decompress(record), ModelVersion)
    except zlib.error as error:
        raise sqlite3.DatabaseError("a record of the index is damaged") from error


def _short(fingerprint: str) -> bytes:
    """Enough of a fingerprint's digest to tell the versions of a workspace apart."""
    return hashlib.sha256(fingerprint.encode(errors="surrogatepass")).digest()[:16]


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
