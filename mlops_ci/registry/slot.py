"""Takes the next slot of a log, be the line as bad as it will."""

from __future__ import annotations

from mlops_ci.errors import OutcomeUnknownError, RemoteError
from mlops_ci.workspace.store import Store


def take_slot(store: Store, key: str, data: bytes) -> bool:
    """Create an object of a log; whether it is ours, be it that only a read-back shows it.

    Raises:
        OutcomeUnknownError: it may or may not have been written.
    """
    failure: RemoteError | None = None
    try:
        if store.create(key, data):
            return True
    except RemoteError as error:
        failure = error
    try:
        found = store.get(key)
    except RemoteError as error:
        raise OutcomeUnknownError(
            f"it is not known whether the entry was written: {error.what}", where=key, hint="run the command again"
        ) from error
    if found == data:
        return True
    if found is None and failure:
        raise failure
    if found is None:
        raise OutcomeUnknownError("the entry exists and cannot be read", where=key, hint="run the command again")
    return False
