"""What makes a storage a workspace: its first objects, and what must be so before anything is entrusted to it."""

from __future__ import annotations

import uuid

from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.workspace_format import WORKSPACE_FORMAT, FilesElsewhere, WorkspaceFormat
from mlops_ci.workspace.layout import FILES_KEY, FORMAT_KEY, TOP_LEVEL
from mlops_ci.workspace.local import LocalStore, is_foreign
from mlops_ci.workspace.probe import require_create_if_absent
from mlops_ci.workspace.split import SplitStore
from mlops_ci.workspace.store import Store

_FILES_ONLY = "files-only"
_FILES_ELSEWHERE = "files-elsewhere"


def places_of(store: Store) -> tuple[Store, ...]:
    """The one or two storages that a workspace is in."""
    return (store.log, store.files) if isinstance(store, SplitStore) else (store,)


def read_format(store: Store) -> WorkspaceFormat | None:
    """Return what kind of workspace this is; None where nothing has been written yet.

    Raises:
        IntegrityError: a newer mlops-ci wrote it, or ``workspace.json`` is damaged.
        UsageError: only the files of a workspace are here.
    """
    found = _format_at(store)
    if found and _FILES_ONLY in found.features:
        raise UsageError("these are the files of a workspace whose log is elsewhere", where=store.url, hint=_BOTH)
    return found


def require_whole(store: Store, *, thorough: bool = False) -> WorkspaceFormat | None:
    """Make sure that a workspace is opened with all its places, and that they belong together.

    Returns what kind of workspace it is, as :func:`read_format` does. A workspace that got its second place later is
    recognised at the cost of one more request, if that is asked for (``thorough``).

    Raises:
        UsageError: its files are elsewhere, or are those of another workspace.
    """
    found = read_format(store)
    if found is None:
        return None
    if isinstance(store, SplitStore):
        theirs = _format_at(store.files)
        if theirs and theirs.id != found.id:
            hint = "give each workspace a place of its own for its files"
            raise UsageError("the files there are those of another workspace", where=store.files.url, hint=hint)
    elif (thorough or _FILES_ELSEWHERE in found.features) and (data := store.get(FILES_KEY)) is not None:
        files = decode(data, FilesElsewhere, where=FILES_KEY).files
        raise UsageError(f"the files of this workspace are at {files}", where=store.url, hint=_BOTH)
    return found


def refuse_foreign(store: Store) -> None:
    """Refuse to make a workspace where there are other things.

    Raises:
        UsageError: there are.
    """
    for place in places_of(store):
        if (isinstance(place, LocalStore) and is_foreign(place.root)) or set(place.folders("")) - TOP_LEVEL:
            hint = "name a new or empty folder, or a prefix of its own"
            raise UsageError("the place holds other things than a workspace", where=place.url, hint=hint)


def initialise(store: Store, *, as_copy_of: WorkspaceFormat | None = None) -> WorkspaceFormat:
    """Make sure that the storage is a workspace we can write to, and return its format record.

    Args:
        store: the storage.
        as_copy_of: the workspace that a new one is a copy of, and whose id it takes.

    Raises:
        RemoteError: the storage lets two writers create one key, so that nothing here would hold.
        UsageError: a part of it belongs to another workspace.
    """
    found = read_format(store)
    if found is None:
        for place in places_of(store):
            require_create_if_absent(place)
        identity = as_copy_of.id if as_copy_of else uuid.uuid4().hex
        features = (_FILES_ELSEWHERE,) if isinstance(store, SplitStore) else ()
        store.create(FORMAT_KEY, encode(WorkspaceFormat(WORKSPACE_FORMAT, identity, features)))
        found = read_format(store)
    if found is None:
        raise IntegrityError("the workspace did not keep what was written to it", where=store.url)
    if isinstance(store, SplitStore) and (_format_at(store.files) is None or store.log.get(FILES_KEY) is None):
        mark = WorkspaceFormat(WORKSPACE_FORMAT, found.id, (_FILES_ONLY,))
        store.files.create(FORMAT_KEY, encode(mark))
        require_whole(store)  # first: the place may be that of another
        store.log.create(FILES_KEY, encode(FilesElsewhere(store.files.url)))
    require_whole(store)
    return found


def _format_at(place: Store) -> WorkspaceFormat | None:
    data = place.get(FORMAT_KEY)
    if data is None:
        return None
    found = decode(data, WorkspaceFormat, where=FORMAT_KEY)
    unknown = set(found.features) - {_FILES_ONLY, _FILES_ELSEWHERE}
    if found.format != WORKSPACE_FORMAT or unknown:
        needs = ", ".join(sorted(unknown)) or f"format {found.format}"
        raise IntegrityError(
            f"the workspace needs a newer mlops-ci ({needs})", where=place.url, hint="upgrade mlops-ci"
        )
    return found


_BOTH = "name both places: workspace: {log: …, files: …}, or LOG,files=FILES on the command line"
