"""Finds out whether a storage has what everything rests on, before anything is entrusted to it."""

from __future__ import annotations

import uuid
from contextlib import suppress

from mlops_ci.errors import MlopsError, RemoteError
from mlops_ci.workspace.layout import probe_key
from mlops_ci.workspace.store import Store


def require_create_if_absent(store: Store) -> None:
    """Create one key twice, and see that the storage keeps the first and refuses the second.

    Raises:
        RemoteError: it does not. Some emulators of object stores, and some gateways, ignore the condition.
    """
    key = probe_key(uuid.uuid4().hex)
    first, second = b"first", b"second"
    try:
        store.create(key, first)  # said to be there already, it may be our own first try, whose reply got lost
        again = store.create(key, second)
        if again or store.get(key) != first:
            raise RemoteError(
                "the storage does not keep a key from being created twice: versions would be lost",
                where=store.url,
                hint="use a storage with conditional writes (If-None-Match), or a newer version of this one",
            )
    except BaseException:
        with suppress(MlopsError):  # what went wrong first is what has to be said
            store.delete(key)
        raise
    store.delete(key)
