"""An index of versions in SQLite, for searching.

It follows from the logs, is brought up to them before every search, and can be deleted at any time: nothing is ever
decided by it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from mlops_ci.errors import IntegrityError
from mlops_ci.records.codec import encode
from mlops_ci.records.deployment import DeploymentState
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.pin import Pin
from mlops_ci.registry.fold import fold
from mlops_ci.registry.hints import require_vouched
from mlops_ci.registry.index_tables import (
    SCHEMA,
    SCHEMA_VERSION,
    TABLES,
    IndexedFingerprints,
    IndexedVersions,
    forget,
    stored,
)
from mlops_ci.registry.log_objects import parted
from mlops_ci.registry.log_reader import LogReader
from mlops_ci.registry.pins import require_length, require_pinned
from mlops_ci.registry.state import AliasTarget, ModelState
from mlops_ci.workspace.layout import log_key
from mlops_ci.workspace.store import Store

T = TypeVar("T")
_WAIT = 60  # seconds for another process that is indexing


@dataclass(frozen=True, slots=True)
class _Rest:
    """What a state holds besides its versions."""

    last_version: int = 0
    aliases: dict[str, AliasTarget] = field(default_factory=dict)
    deleted: frozenset[int] = frozenset()
    condemned: frozenset[str] = frozenset()
    not_understood: tuple[str, ...] = ()
    deployments: dict[str, DeploymentState] = field(default_factory=dict)


def use_index(file: Path | None, use: Callable[[sqlite3.Connection], T]) -> T:
    """Use an index; one that is damaged or of another version is made anew.

    Args:
        file: where it is kept; None, or a place that cannot be used, keeps it in memory.
        use: what is done with it; it may be done again from the start, with another index.
    """
    if file is not None and _is_folder(file.parent):
        try:
            return _use(file, use)
        except sqlite3.Error as error:
            # A locked one is somebody else's; any page of another may be damaged, or a table be missing.
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                with suppress(OSError):
                    file.unlink()
    return _use(":memory:", use)


def _is_folder(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return True


def _use(file: Path | str, use: Callable[[sqlite3.Connection], T]) -> T:
    with closing(sqlite3.connect(file, timeout=_WAIT, isolation_level=None)) as database:
        database.execute("pragma synchronous = off")  # after a power cut it is made anew
        with _transaction(database):
            _prepare(database)
        return use(database)


def _prepare(database: sqlite3.Connection) -> None:
    (version,) = database.execute("pragma user_version").fetchone()
    if version != SCHEMA_VERSION:
        for table in TABLES:
            database.execute(f"drop table if exists {table}")
        for statement in filter(str.strip, SCHEMA.split(";")):
            database.execute(statement)
        database.execute(f"pragma user_version = {SCHEMA_VERSION}")


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("begin immediate")
    try:
        yield
    except BaseException:
        database.execute("rollback")
        raise
    database.execute("commit")


def catch_up(database: sqlite3.Connection, store: Store, model: str, pin: Pin | None = None) -> None:
    """Bring what the index knows of a model up to its log.

    Raises:
        IntegrityError: the log is damaged, or is not the one that was pinned.
    """
    with _transaction(database):
        state = _load(database, model)
        try:
            if _still_true(database, store, state):
                if pin and pin.seq <= state.head:
                    found = LogReader(store, model).entry(pin.seq)
                    require_pinned(pin, pin.seq, found[1] if found else b"")
                _follow(database, store, state, pin)
                return
        except IntegrityError:
            if state.head == 0:
                raise
        # The log is another one than was indexed.
        forget(database, model)
        _follow(database, store, _load(database, model), pin)


def forget_others(database: sqlite3.Connection, models: Collection[str]) -> None:
    """Forget the models that a workspace does not have any more."""
    with _transaction(database):
        for (model,) in database.execute("select model from models").fetchall():
            if model not in models:
                forget(database, model)


def _still_true(database: sqlite3.Connection, store: Store, state: ModelState) -> bool:
    if state.head == 0:
        return True
    (newest,) = database.execute("select newest from models where model = ?", (state.model,)).fetchone()
    key = log_key(state.model, newest)
    entries = parted(store.get(key) or b"", key)
    return newest + len(entries) == state.head + 1 and digest_of_bytes(entries[-1]) == state.head_digest


def _follow(database: sqlite3.Connection, store: Store, state: ModelState, pin: Pin | None) -> None:
    before, reader = state.head, LogReader(store, state.model)
    for key, data in reader.after(state.head):
        require_pinned(pin, state.head + 1, data)
        fold(state, data, key)
    require_length(pin, state.head)
    require_vouched(reader.hint, state)
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
        deployments=state.deployments,
    )
    row = (state.model, state.head, state.head_digest, reader.newest, encode(rest))
    database.execute("insert or replace into models values (?, ?, ?, ?, ?)", row)


def _load(database: sqlite3.Connection, model: str) -> ModelState:
    row = database.execute("select head, digest, rest from models where model = ?", (model,)).fetchone()
    head, digest, data = row or (0, None, encode(_Rest()))
    rest = stored(data, _Rest)
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
        deployments=dict(rest.deployments),
    )
