"""An index of versions in SQLite, for searching.

It follows from the logs, is brought up to them before every search, and can be deleted at any time: nothing is ever
decided by it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from mlops_ci.errors import IntegrityError
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.registry.fold import fold
from mlops_ci.registry.index_tables import SCHEMA, SCHEMA_VERSION, TABLES, IndexedFingerprints, IndexedVersions, forget
from mlops_ci.registry.log_reader import LogReader
from mlops_ci.registry.state import AliasTarget, ModelState
from mlops_ci.workspace.layout import log_key
from mlops_ci.workspace.store import Store

_WAIT = 60  # seconds for another process that is indexing


@dataclass(frozen=True, slots=True)
class _Rest:
    """What a state holds besides its versions."""

    last_version: int = 0
    aliases: dict[str, AliasTarget] = field(default_factory=dict)
    deleted: frozenset[int] = frozenset()
    condemned: frozenset[str] = frozenset()
    not_understood: tuple[str, ...] = ()


@contextmanager
def open_index(file: Path | None) -> Iterator[sqlite3.Connection]:
    """Open an index; one that is damaged or of another version is made anew.

    Args:
        file: where it is kept; None, or a place that cannot be written to, keeps it in memory.
    """
    with closing(_connected(file)) as database:
        yield database


def _connected(file: Path | None) -> sqlite3.Connection:
    if file is None:
        return _prepared(":memory:")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return _prepared(file)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise
        return _prepared(":memory:")
    except sqlite3.DatabaseError:
        with suppress(OSError):
            file.unlink()
            return _prepared(file)
        return _prepared(":memory:")
    except OSError:
        return _prepared(":memory:")


def _prepared(file: Path | str) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=_WAIT, isolation_level=None)
    database.execute("pragma synchronous = off")  # after a power cut it is made anew
    with _transaction(database):
        (version,) = database.execute("pragma user_version").fetchone()
        if version != SCHEMA_VERSION:
            for table in TABLES:
                database.execute(f"drop table if exists {table}")
            for statement in filter(str.strip, SCHEMA.split(";")):
                database.execute(statement)
            database.execute(f"pragma user_version = {SCHEMA_VERSION}")
    return database


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("begin immediate")
    try:
        yield
    except BaseException:
        database.execute("rollback")
        raise
    database.execute("commit")


def catch_up(database: sqlite3.Connection, store: Store, model: str) -> None:
    """Bring what the index knows of a model up to its log.

    Raises:
        IntegrityError: the log is damaged.
    """
    with _transaction(database):
        state = _load(database, model)
        try:
            if _still_true(store, state):
                _follow(database, store, state)
                return
        except IntegrityError:
            if state.head == 0:
                raise
        # The log is another one than was indexed.
        forget(database, model)
        _follow(database, store, _load(database, model))


def _still_true(store: Store, state: ModelState) -> bool:
    if state.head == 0:
        return True
    data = store.get(log_key(state.model, state.head))
    return data is not None and digest_of_bytes(data) == state.head_digest


def _follow(database: sqlite3.Connection, store: Store, state: ModelState) -> None:
    before = state.head
    for key, data in LogReader(store, state.model).after(state.head):
        fold(state, data, key)
    if state.head == before:
        return
    assert isinstance(state.versions, IndexedVersions)  # noqa: S101 - as _load made it
    state.versions.flush()
    rest = _Rest(
        last_version=state.last_version,
        aliases=state.aliases,
        deleted=frozenset(state.deleted),
        condemned=frozenset(state.condemned),
        not_understood=tuple(state.not_understood),
    )
    row = (state.model, state.head, state.head_digest, encode(rest))
    database.execute("insert or replace into models values (?, ?, ?, ?)", row)


def _load(database: sqlite3.Connection, model: str) -> ModelState:
    row = database.execute("select head, digest, rest from models where model = ?", (model,)).fetchone()
    head, digest, data = row or (0, None, encode(_Rest()))
    rest = decode(data, _Rest, where="the search index")
    versions = IndexedVersions(database, model)
    return ModelState(
        model=model,
        versions=versions,
        fingerprints=IndexedFingerprints(versions),
        head=head,
        head_digest=digest,
        last_version=rest.last_version,
        aliases=dict(rest.aliases),
        deleted=set(rest.deleted),
        condemned=set(rest.condemned),
        not_understood=list(rest.not_understood),
    )
