"""Copies a workspace to another place, byte for byte."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mlops_ci.edge.clock import now
from mlops_ci.errors import ConflictError, IntegrityError, UsageError
from mlops_ci.records.actor import Actor
from mlops_ci.records.codec import decode
from mlops_ci.records.delivery import Cursor
from mlops_ci.records.pin import Pin
from mlops_ci.registry.check import check_model
from mlops_ci.registry.checkpoints import listed
from mlops_ci.registry.hints import write_hints
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.model_names import traces_of_models
from mlops_ci.workspace.format import initialise, places_of, read_format, refuse_foreign, require_whole
from mlops_ci.workspace.layout import (
    COLLECTED,
    FILES_KEY,
    FORMAT_KEY,
    TOP_LEVEL,
    checkpoint_parts,
    checkpoints_prefix,
    event_parts,
    is_bulk,
    is_event_cursor,
    is_of_version,
    is_rebuilt,
    log_key,
    log_prefix,
    log_sequence,
    model_of,
)
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.store import Store, StoredObject

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy moved, and what it found there already: objects and bytes; and how many models were verified."""

    objects: int
    size: int
    present: int
    models: int


def copy_workspace(source: Store, target: Store, pins: Mapping[str, Pin] | None = None) -> Copied:
    """Copy a workspace, and verify every byte that the registry answers for in the copy.

    The copy is the same workspace: logs are the same bytes, so that pins hold, and what was delivered to whom comes
    along. A copy that was cut off is completed by copying again. Entries that are written to the source meanwhile are
    not copied, nor is anything that a copied entry does not need to be whole.

    Args:
        source: the workspace.
        target: an empty place, or an earlier copy.
        pins: entries that the logs must have.

    Raises:
        UsageError: the source is no workspace, or the target is a place of the source or of other things.
        ConflictError: the target is another workspace, or has gone on by itself.
        IntegrityError: a log of the source is damaged, or the copy is not what the source was.
    """
    if read_format(source) is None:
        raise UsageError("there is no workspace here", where=source.url, hint="correct SOURCE")
    require_whole(source, thorough=True)
    require_whole(target, thorough=True)
    pins = pins or {}
    names = sorted({*traces_of_models(source), *pins})
    heads = {name: _log(source, name, pins).read().head for name in names}
    _start(source, target)
    _require_same_past(source, target)
    items = [item for item in source.list("") if _belongs(item.key, heads)]
    there = {item.key: item.size for item in target.list("")}
    move = partial(_move, source, target, there, heads)
    present = 0
    # What an entry names is there before the entry is.
    for group in ([item for item in items if not _is_entry(item)], [item for item in items if _is_entry(item)]):
        with target.together():
            present += sum(_each(move, group))
    new = items
    while _is_compacted(new, source):
        known = {item.key for item in items}
        new = [item for item in source.list(COLLECTED) if item.key not in known]
        with target.together():
            present += sum(_each(move, new))
        items = [*items, *new]
    for name in heads:
        _verify(target, name, pins)
    return Copied(
        objects=len(items) - present,
        size=sum(item.size for item in items if there.get(item.key) != item.size),
        present=present,
        models=len(heads),
    )


def _start(source: Store, target: Store) -> None:
    folders = [place.root for place in places_of(source) if isinstance(place, LocalStore)]
    for place in places_of(target):
        if isinstance(place, LocalStore) and any(place.root.is_relative_to(folder) for folder in folders):
            raise UsageError("the target lies inside the source", where=place.url, hint="name another folder")
    ours = read_format(source)
    theirs = read_format(target)
    if theirs is None:
        refuse_foreign(target)
        theirs = initialise(target, as_copy_of=ours)
    if ours is None or theirs.id != ours.id:
        hint = "copy to an empty place, or to an earlier copy of the same workspace"
        raise ConflictError("the target is another workspace", where=target.url, hint=hint)


def _require_same_past(source: Store, target: Store) -> None:
    """Refuse a target of which any log is not as the source's is or was; its newest entry tells of all before it."""
    for name in traces_of_models(target):
        numbers = (log_sequence(item.key) for item in target.list(log_prefix(name)))
        key = log_key(name, max((number for number in numbers if number), default=0))
        if target.get(key) != source.get(key):
            raise ConflictError("the target has gone on by itself", where=key, hint="copy to an empty place")


def _belongs(key: str, heads: dict[str, int]) -> bool:
    """Whether an object is part of the copy: it cannot be rebuilt, and no entry after the head that we saw made it."""
    if is_rebuilt(key) or key in {FORMAT_KEY, FILES_KEY} or key.split("/")[0] not in TOP_LEVEL:
        return False
    newest: int | None = 0
    model = model_of(key)
    if event := event_parts(key):
        model, newest = event
    elif model and key.startswith(log_prefix(model)):
        newest = log_sequence(key)
    elif model and key.startswith(checkpoints_prefix(model)):
        newest = (checkpoint_parts(key) or (0, 0, ""))[1]
    return model is None or (newest or 0) <= heads.get(model, 0)


def _is_compacted(items: Iterable[StoredObject], source: Store) -> bool:
    """Whether any of what was collected is gone since it was listed: tables take the place of segments."""
    collected = {item.key for item in items if item.key.startswith(COLLECTED)}
    return bool(collected) and not collected <= {item.key for item in source.list(COLLECTED)}


def _is_entry(item: StoredObject) -> bool:
    model = model_of(item.key)
    return model is not None and item.key.startswith(log_prefix(model))


def _each(move: Callable[[StoredObject], bool], items: Iterable[StoredObject]) -> list[bool]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(move, items))


def _move(source: Store, target: Store, there: dict[str, int], heads: dict[str, int], item: StoredObject) -> bool:
    """Copy an object; return whether it was there already."""
    if is_bulk(item.key):
        if there.get(item.key) == item.size and (is_of_version(item.key) or _is_equal(source, target, item.key)):
            return True  # the bytes of versions are verified in the end
        if item.key in there:
            target.delete(item.key)
        _stream(source, target, item.key)
        return False
    data = source.get(item.key)
    if data is None:
        return True  # deleted since it was listed
    event = event_parts(item.key)
    if event and event[1] is None and decode(data, Cursor, where=item.key).seq > heads.get(event[0], 0):
        return True  # it knows entries that are not copied; the copy would keep silent about its own in their place
    if is_event_cursor(item.key) and target.get(item.key) != data:
        target.put(item.key, data)
        return False
    if target.create(item.key, data):
        return False
    if target.get(item.key) != data:
        raise ConflictError("the target has gone on by itself", where=item.key, hint="copy to an empty place")
    return True


def _is_equal(source: Store, target: Store, key: str) -> bool:
    with tempfile.TemporaryDirectory(prefix="mlops-ci-copy-") as folder:
        return source.download(key, Path(folder) / "ours") == target.download(key, Path(folder) / "theirs")


def _stream(source: Store, target: Store, key: str) -> None:
    with tempfile.TemporaryDirectory(prefix="mlops-ci-copy-") as folder:
        file = Path(folder) / "object"
        read = source.download(key, file)
        if read is not None and target.upload(key, file) != read:
            raise IntegrityError("an object changed while it was being copied", where=key, hint="run the copy again")


def _verify(target: Store, model: str, pins: Mapping[str, Pin]) -> None:
    log = _log(target, model, pins)
    check = check_model(log, read_data=True)
    if check.findings:
        first = check.findings[0]
        raise IntegrityError(f"the copy is damaged: {first.what}", where=first.key, hint="check the source, copy again")
    state = log.read()
    if state.head:
        with target.together():
            write_hints(target, state, listed(target, model, state.head))


def _log(store: Store, model: str, pins: Mapping[str, Pin]) -> ModelLog:
    return ModelLog(store, model, actor=Actor("copy"), clock=now, pin=pins.get(model))
