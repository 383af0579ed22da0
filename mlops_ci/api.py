"""The registry in Python, for notebooks and scripts: what is registered, how good it is, and its files.

It reads; what writes is the command line, in CI. All errors are of :mod:`mlops_ci.errors` and say what to do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from mlops_ci.edge.clock import now
from mlops_ci.errors import UsageError
from mlops_ci.hosts.local import user_name
from mlops_ci.lifecycle.finding import find_versions
from mlops_ci.lifecycle.upkeep import pins_of
from mlops_ci.project.names import require_model_name
from mlops_ci.records.actor import Actor
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.pin import Pin
from mlops_ci.registry.download import download_version
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.model_names import model_names, traces_of_models
from mlops_ci.registry.pins import parse_pins
from mlops_ci.registry.quick import resolve_quickly
from mlops_ci.registry.references import parse_reference, require_known
from mlops_ci.registry.search import Query, parse_condition
from mlops_ci.workspace.format import read_format, require_whole
from mlops_ci.workspace.open import open_store
from mlops_ci.workspace.split import SplitStore
from mlops_ci.workspace.store import Store

if TYPE_CHECKING:
    import polars as pl


class Terms(TypedDict, total=False):
    """What to search by; see :meth:`Workspace.search`."""

    tags: Mapping[str, str]
    metrics: str | Sequence[str]
    commit: str
    alias: str
    since: str
    until: str
    text: str
    sort: str
    limit: int


class Version:
    """A version of a model: plain values, and its files.

    ``record`` is all of it, as in ``schemas/model-version.schema.json``.
    """

    def __init__(self, store: Store, record: ModelVersion) -> None:
        self._store = store
        self.record = record

    @property
    def model(self) -> str:
        """The model's name."""
        return self.record.model

    @property
    def number(self) -> int:
        """The number of the version, counted from 1."""
        return self.record.version

    @property
    def commit(self) -> str | None:
        """The commit it was made from, if that is known."""
        return self.record.commit

    @property
    def created(self) -> str:
        """When it was registered: ISO 8601, UTC."""
        return self.record.created

    @property
    def aliases(self) -> tuple[str, ...]:
        """The aliases that point to it."""
        return self.record.aliases

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return dict(self.record.tags)

    @property
    def metrics(self) -> dict[str, float | None]:
        """Its metrics; None where one was not a number."""
        return dict(self.record.metrics)

    @property
    def params(self) -> dict[str, Any]:
        """The parameters it was trained with."""
        return dict(self.record.params)

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of its files, relative to the folder of a download."""
        return tuple(file.path for file in self.record.files)

    def download(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write its files below a folder, every byte verified, and return their paths.

        Files that are there already and right stay as they are.

        Raises:
            ConflictError: another file is in the way.
            IntegrityError: the workspace holds other bytes than were registered.
        """
        return download_version(self._store, self.record, Path(folder))

    def __repr__(self) -> str:
        aliases = f" ({', '.join(self.aliases)})" if self.aliases else ""
        return f"<{self.model} v{self.number}{aliases}>"


class Model:
    """A model in a workspace. Several threads may ask it."""

    def __init__(self, store: Store, log: ModelLog) -> None:
        self._store = store
        self._log = log
        self._pins = {log.pin.model: log.pin} if log.pin else {}
        self._lock = Lock()  # while the log is read and what it says is looked at

    @property
    def name(self) -> str:
        """The model's name."""
        return self._log.model

    def __getitem__(self, selector: str | int) -> Version:
        """The version of an alias, a number or a commit: ``["champion"]``, ``[12]``, ``["v12"]``, ``["3fa9c1e"]``.

        Raises:
            UsageError: there is none.
        """
        reference = parse_reference(f"{self.name}@{selector}")
        with self._lock:
            return Version(self._store, resolve_quickly(self._log, reference.selector))

    def versions(self) -> list[Version]:
        """All versions, oldest first."""
        with self._lock:
            state = require_known(self._log.read())
            return [Version(self._store, state.versions[number]) for number in sorted(state.versions)]

    def __contains__(self, selector: str | int) -> bool:
        """Whether there is such a version, or such an alias."""
        try:
            self[selector]
        except UsageError:
            return False
        return True

    def __iter__(self) -> Iterator[Version]:
        """All versions, oldest first."""
        return iter(self.versions())

    def search(self, **terms: Unpack[Terms]) -> list[Version]:
        """The versions that fit: see :meth:`Workspace.search`."""
        query = replace(_query(terms), model=self.name)
        if self.name not in traces_of_models(self._store):
            with self._lock:
                require_known(self._log.read())
        return _found(self._store, query, self._pins)

    def aliases(self) -> dict[str, int]:
        """Where its aliases point."""
        with self._lock:
            return {name: target.version for name, target in require_known(self._log.read()).aliases.items()}

    def history(self) -> Iterator[dict[str, Any]]:
        """Every entry of its log as plain values, oldest first."""
        with self._lock:
            require_known(self._log.read())
            entries = self._log.entries()
            first = next(entries)  # by then the log is verified, and not read further
        return (entry.flat() for entry in chain([first], entries))

    def __repr__(self) -> str:
        return f"<model {self.name} in {self._store.url}>"


class Workspace:
    """A workspace at a URL or path.

    Args:
        url: a path, ``s3://bucket/prefix``, ``az://container/prefix``, ``gs://bucket/prefix``, ``git+origin`` or
            ``git+https://…``. Credentials come from where the tools of the storage look for them.
        files: where large files are, if elsewhere (``workspace: {log: …, files: …}``).
        pins: entries that the logs must have, as ``mlops-ci workspace pins`` prints them.  Default: those of the
            environment variable ``MLOPS_CI_PINS``.

    Raises:
        UsageError: there is no workspace.
    """

    def __init__(self, url: str | os.PathLike[str], *, files: str | None = None, pins: str | None = None) -> None:
        here = Path.cwd()
        store = open_store(os.fspath(url), here)
        self._store: Store = SplitStore(store, open_store(files, here)) if files else store
        require_whole(self._store)
        self._pins = pins_of(os.environ) if pins is None else parse_pins(pins)
        if read_format(self._store) is None:
            hint = "correct the URL, or make one with mlops-ci workspace init"
            raise UsageError("there is no workspace here", where=self._store.url, hint=hint)

    def models(self) -> list[str]:
        """The names of its models."""
        return list(model_names(self._store))

    def model(self, name: str) -> Model:
        """A model; whether it exists shows when it is asked for anything."""
        pin = self._pins.get(require_model_name(name))
        return Model(self._store, ModelLog(self._store, name, actor=Actor(user_name(os.environ)), clock=now, pin=pin))

    def collected(self, model: str) -> pl.DataFrame:
        """What scoring servers collected of a model and ``mlops-ci collected compact`` made tables of.

        A row for each row of a request: ``id``, ``time``, ``deployment``, ``version``, ``row``, ``latency``,
        ``input.<column>``, ``prediction``, ``score.<class>``. It needs the extra ``gate``.
        """
        from mlops_ci.lifecycle.compaction import read_collected  # and with it polars, which is not always there

        return read_collected(self._store, require_model_name(model))

    def search(self, **terms: Unpack[Terms]) -> list[Version]:
        """The versions of all models that fit, newest first.

        Keyword arguments, all of which must hold: ``tags`` (a mapping), ``metrics`` (conditions such as
        ``["roc_auc >= 0.9"]``), ``commit`` (or its beginning), ``alias``, ``since`` and ``until`` (dates or moments
        in UTC), ``text`` (words), ``sort`` (a metric; ``-`` in front for the largest first), ``limit``.

        Raises:
            UsageError: an argument makes no sense.
        """
        return _found(self._store, _query(terms), self._pins)

    def __repr__(self) -> str:
        return f"<workspace {self._store.url}>"


_TERMS: dict[str, type | tuple[type, ...]] = {
    "tags": Mapping,
    "metrics": (str, list, tuple),
    **dict.fromkeys(("commit", "alias", "since", "until", "text", "sort"), str),
    "limit": int,
}


def _query(terms: Mapping[str, Any]) -> Query:
    unknown = sorted(terms.keys() - _TERMS.keys())
    if unknown:
        raise UsageError(f"unknown search term {unknown[0]!r}", hint=f"use one of: {', '.join(sorted(_TERMS))}")
    for name, kind in _TERMS.items():
        if terms.get(name) is not None and not isinstance(terms[name], kind):
            raise UsageError(f"not a value for the search term {name!r}", where=repr(terms[name])[:60])
    conditions = terms.get("metrics") or ()
    conditions = [conditions] if isinstance(conditions, str) else conditions
    if any(not isinstance(condition, str) for condition in conditions):
        raise UsageError("not a condition on a metric", where=repr(conditions)[:60], hint="write 'roc_auc >= 0.9'")
    known = {**terms, "tags": dict(terms.get("tags") or {}), "metrics": tuple(map(parse_condition, conditions))}
    return Query(**known)


def _found(store: Store, query: Query, pins: Mapping[str, Pin]) -> list[Version]:
    return [Version(store, record) for record in find_versions(store, query, os.environ, pins)]
