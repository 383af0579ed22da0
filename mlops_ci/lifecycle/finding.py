"""Finds versions in a workspace, with an index that this machine keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.index import catch_up, open_index
from mlops_ci.registry.model_names import model_names
from mlops_ci.registry.search import Query, search
from mlops_ci.workspace.open import read_format
from mlops_ci.workspace.store import Store


def find_versions(store: Store, query: Query, environ: Mapping[str, str]) -> list[ModelVersion]:
    """The versions that fit a query, as of now.

    Args:
        store: the workspace.
        query: what to look for; without a model, in all of them.
        environ: the environment variables, which say where this machine keeps its caches.

    Raises:
        UsageError: a part of the query makes no sense.
        IntegrityError: a log is damaged.
    """
    names = [query.model] if query.model is not None else model_names(store)
    with open_index(_index_file(store, environ)) as index:
        for name in names:
            catch_up(index, store, name)
        return list(search(index, query))


def _index_file(store: Store, environ: Mapping[str, str]) -> Path | None:
    found = read_format(store)
    return cache_folder(environ) / "index" / f"{found.id}.sqlite" if found and found.id.isalnum() else None
