"""Which image the name of a base means: looked up once and kept in the workspace, so that builds stay the same."""

from __future__ import annotations

from mlops_ci.errors import IntegrityError
from mlops_ci.packaging.base import resolve_base
from mlops_ci.packaging.reference import ImageReference
from mlops_ci.packaging.registry import Registry
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.digest import digest_of_value, is_digest
from mlops_ci.records.image import BaseLock
from mlops_ci.workspace.layout import cache_base_key
from mlops_ci.workspace.store import Store


def pinned_base(base: ImageReference, registry: Registry, store: Store, *, update: bool) -> ImageReference:
    """The base with its digest.

    Args:
        base: the base, by tag or digest.
        registry: where it is.
        store: the workspace.
        update: look it up anew.

    Raises:
        UsageError: there is no such image.
        RemoteError: the registry cannot be reached.
    """
    if base.digest:
        return base
    key = cache_base_key(digest_of_value(str(base)))
    if update:
        found = BaseLock(str(base), resolve_base(base, registry))
        store.put(key, encode(found))
        return base.pinned(found.digest)
    known = _read(store, key)
    if known is None:
        lock = BaseLock(str(base), resolve_base(base, registry))
        if not store.create(key, encode(lock)):  # another job was faster, or what is there is damaged
            lock = _read(store, key) or lock
        known = lock
    return base.pinned(known.digest)


def _read(store: Store, key: str) -> BaseLock | None:
    data = store.get(key)
    try:
        lock = decode(data, BaseLock, where=key) if data is not None else None
    except IntegrityError:
        return None
    return lock if lock and is_digest(lock.digest) else None
