"""Opens the workspace and the cache of a journey, as far as the job may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.errors import RemoteError
from mlops_ci.lifecycle.arrival import Arrival, Options
from mlops_ci.lifecycle.places import open_workspace
from mlops_ci.project.project import Project
from mlops_ci.records.digest import digest_of_bytes, hexadecimal
from mlops_ci.workspace.layout import FORMAT_KEY
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.open import is_history, open_store
from mlops_ci.workspace.read_only import ReadOnlyStore
from mlops_ci.workspace.store import Store


@dataclass(frozen=True, slots=True)
class Opened:
    """Where a journey keeps things. ``unreadable`` is why the workspace of a fork's job cannot be read."""

    store: Store
    cache: Store
    is_new: bool
    read_only: bool
    unreadable: str | None = None


def open_places(arrival: Arrival, project: Project, options: Options) -> Opened:
    """Open workspace and cache; nothing is written yet.

    A fork's job has no credentials, so that it only reads; what it cannot even read, it does without. A cache at a URL
    of its own is closed to forks alone: it is where a job that runs code may write though the workspace is read-only.

    Raises:
        UsageError: the workspace would vanish with the machine.
        RemoteError: a workspace cannot be read, by a job that is to have the credentials.
    """
    fork = arrival.context.pull_request is not None and arrival.context.pull_request.fork
    lent = arrival.host.git_settings()
    unreadable = None
    try:
        place, exists = open_workspace(
            options.workspace,
            project,
            arrival.file.parent,
            checkout_root=arrival.checkout.home,
            ephemeral=arrival.context.ephemeral,
            watch=options.watch,
            lent=lent,
        )
    except RemoteError as error:
        if not fork:
            raise
        store: Store = ReadOnlyStore(None, project.workspace.url)
        cache, exists, unreadable = store, False, error.what
    else:
        store = ReadOnlyStore(place, place.url) if fork or options.read_only else place
        cache = cache_beside(store, place, options.environ)
    if project.cache.url:
        cache = open_store(project.cache.url, arrival.file.parent, options.watch, lent)
        cache = _of_a_fork(cache) if fork else cache
    return Opened(store, cache, not exists, fork or options.read_only, unreadable)


def cache_beside(store: Store, place: Store, environ: Mapping[str, str]) -> Store:
    """Where the cache of a workspace is, unless it has a URL of its own.

    Args:
        store: the workspace, as it may be used.
        place: the same as it is.
        environ: the environment variables.
    """
    if not is_history(place):
        return store
    # It would keep for ever what a cache is free to forget.
    name = hexadecimal(digest_of_bytes(place.url.encode()))[:16]
    return LocalStore(cache_folder(environ).absolute() / "steps" / name)


def _of_a_fork(cache: Store) -> Store:
    try:
        cache.get(FORMAT_KEY)
    except RemoteError:
        return ReadOnlyStore(None, cache.url)
    return ReadOnlyStore(cache, cache.url)
