"""Copies a workspace to another place, byte for byte."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mlops_ci.edge.clock import now
from mlops_ci.errors import ConflictError, IntegrityError, UsageError
from mlops_ci.records.actor import Actor
from mlops_ci.registry.check import check_model
from mlops_ci.registry.checkpoints import covered, listed
from mlops_ci.registry.hints import write_hints
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.model_names import traces_of_models
from mlops_ci.workspace.layout import FORMAT_KEY, checkpoint_parts, is_bulk, is_rebuilt, log_sequence, model_of
from mlops_ci.workspace.open import read_format, require_usable
from mlops_ci.workspace.store import Store, StoredObject

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy moved, and what it found there already: objects and bytes; and how many models were verified."""

    objects: int
    size: int
    present: int
    models: int


def copy_workspace(source: Store, target: Store) -> Copied:
    """Copy a workspace, and verify every byte that the registry answers for in the copy.

    The copy is the same workspace: logs are the same bytes, so that pins hold, and what was delivered to whom comes
    along. A copy that was cut off is completed by copying again. Entries that are written to the source meanwhile are
    not copied, nor is anything that a copied entry does not need to be whole.

    Raises:
        UsageError: the source is no workspace.
        ConflictError: the target is another workspace, or has gone on by itself.
        IntegrityError: a log of the source is damaged, or the copy is not what the source was.
    """
    if read_format(source) is None:
        raise UsageError("there is no workspace here", where=source.url)
    heads = {name: _log(source, name).read().head for name in traces_of_models(source)}
    _start(source, target)
    items = [item for item in source.list("") if item.key != FORMAT_KEY and _belongs(item.key, heads)]
    there = {item.key: item.size for item in target.list("")}
    move = partial(_move, source, target, there)
    present = 0
    # What an entry names is there before the entry is.
    for group in ([item for item in items if not _is_entry(item)], [item for item in items if _is_entry(item)]):
        with target.together():
            present += sum(_each(move, group))
    for name in heads:
        _verify(target, name)
    return Copied(
        objects=len(items) - present,
        size=sum(item.size for item in items if there.get(item.key) != item.size),
        present=present,
        models=len(heads),
    )


def _start(source: Store, target: Store) -> None:
    ours = read_format(source)
    theirs = read_format(target)
    if theirs is None:
        require_usable(target)
        target.create(FORMAT_KEY, source.get(FORMAT_KEY) or b"")
        theirs = read_format(target)
    if theirs != ours:
        hint = "copy to an empty place, or to an earlier copy of the same workspace"
        raise ConflictError("the target is another workspace", where=target.url, hint=hint)


def _belongs(key: str, heads: dict[str, int]) -> bool:
    """Whether an object is part of the copy: it cannot be rebuilt, and no entry after the head that we saw made it."""
    if is_rebuilt(key):
        return False
    model = model_of(key)
    if model is None:
        return True
    newest = log_sequence(key) if "/log/" in key else (checkpoint_parts(key) or (0, 0, ""))[1]
    return (newest or 0) <= heads.get(model, 0)


def _is_entry(item: StoredObject) -> bool:
    return model_of(item.key) is not None and "/log/" in item.key


def _each(move: Callable[[StoredObject], bool], items: Iterable[StoredObject]) -> list[bool]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(move, items))


def _move(source: Store, target: Store, there: dict[str, int], item: StoredObject) -> bool:
    """Copy an object; return whether it was there already."""
    if is_bulk(item.key):
        if there.get(item.key) == item.size:
            return True  # its bytes are verified in the end
        _stream(source, target, item.key)
        return False
    data = source.get(item.key)
    if data is None:
        return True  # deleted since it was listed
    if target.create(item.key, data):
        return False
    if target.get(item.key) != data:
        raise ConflictError("the target has gone on by itself", where=item.key, hint="copy to an empty place")
    return True


def _stream(source: Store, target: Store, key: str) -> None:
    with tempfile.TemporaryDirectory(prefix="mlops-ci-copy-") as folder:
        file = Path(folder) / "object"
        read = source.download(key, file)
        if read is not None and target.upload(key, file) != read:
            raise IntegrityError("an object changed while it was being copied", where=key, hint="run the copy again")


def _verify(target: Store, model: str) -> None:
    log = _log(target, model)
    check = check_model(log, read_data=True)
    if check.findings:
        first = check.findings[0]
        raise IntegrityError(f"the copy is damaged: {first.what}", where=first.key, hint="check the source, copy again")
    state = log.read()
    if state.head:
        checkpoints = listed(target, model)
        with target.together():
            write_hints(target, state, checkpoints if covered(checkpoints) <= state.head else ())


def _log(store: Store, model: str) -> ModelLog:
    return ModelLog(store, model, actor=Actor("copy"), clock=now)
