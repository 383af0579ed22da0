"""Finds versions in a workspace, with an index that this machine keeps of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.errors import UsageError
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.pin import Pin
from mlops_ci.registry.index import catch_up, forget_others, use_index
from mlops_ci.registry.model_names import model_names
from mlops_ci.registry.search import Query, search
from mlops_ci.workspace.format import read_format
from mlops_ci.workspace.store import Store


def find_versions(
    store: Store, query: Query, environ: Mapping[str, str], pins: Mapping[str, Pin]
) -> list[ModelVersion]:
    """The versions that fit a query, as of now.

    Args:
        store: the workspace.
        query: what to look for; without a model, in all of them.
        environ: the environment variables, which say where this machine keeps its caches.
        pins: entries that the logs must have.

    Raises:
        UsageError: a part of the query makes no sense.
        IntegrityError: a log is damaged, or is not the one that was pinned.
    """
    names = [query.model] if query.model is not None else sorted({*model_names(store), *pins})

    def find(index: sqlite3.Connection) -> list[ModelVersion]:
        for name in names:
            catch_up(index, store, name, pins.get(name))
        if query.model is None:
            forget_others(index, names)
        return list(search(index, query))

    return use_index(_index_file(store, environ), find)


def _index_file(store: Store, environ: Mapping[str, str]) -> Path | None:
    found = read_format(store)
    try:
        return cache_folder(environ) / "index" / f"{found.id}.sqlite" if found and found.id.isalnum() else None
    except UsageError:
        return None
