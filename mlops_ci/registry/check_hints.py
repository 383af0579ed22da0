"""Compares what can be rebuilt from a log with the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from mlops_ci.errors import IntegrityError
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.hint import Checkpoint, Hint
from mlops_ci.records.listing import ListedModel, ModelListing, VersionListing
from mlops_ci.registry.checkpoints import unpack
from mlops_ci.registry.hints import hint_about, line_of, listing_of
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.layout import (
    checkpoint_parts,
    checkpoints_prefix,
    hint_key,
    model_listing_key,
    version_listing_key,
)
from mlops_ci.workspace.store import Store

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a key."""

    key: str
    what: str


def _stored(store: Store, key: str, kind: type[T]) -> T | None:
    """What is stored, if it is byte for byte what we would write."""
    data = store.get(key)
    try:
        found = None if data is None else decode(data, kind, where=key)
    except IntegrityError:
        return None
    return found if encode(found) == data else None


class HintChecker:
    """Is shown every entry of a log in order, and says at the end which hints and checkpoints say something else."""

    def __init__(self, store: Store, model: str, hint: Hint | None) -> None:
        self._store = store
        self._model = model
        self._hint = hint
        self._listing = _stored(store, version_listing_key(model), VersionListing)
        listed = _stored(store, model_listing_key(), ModelListing)
        self._line = next((one for one in listed.models if one.name == model), None) if listed else None
        # What they should say: they may speak of an earlier entry, whose writer was the last to write them.
        self._due: Hint | None = None
        self._due_listing: VersionListing | None = None
        self._due_line: ListedModel | None = None
        self._digests: list[str] = []

    def saw(self, data: bytes) -> None:
        """Take note of an entry."""
        self._digests.append(digest_of_bytes(data))

    def saw_object(self, state: ModelState) -> None:
        """Take note of the state after an object of the log: of one in the midst of a group nothing may speak."""
        if self._hint and state.head == self._hint.head:
            self._due = hint_about(state, self._hint.checkpoints)
        if self._listing and state.head == self._listing.seq:
            self._due_listing = listing_of(state)
        if self._line and state.head == self._line.seq:
            self._due_line = line_of(state)

    def findings(self, state: ModelState) -> Iterator[Finding]:
        """What differs from the log."""
        if not state.head:
            return
        yield from self._hint_findings()
        yield from self._listing_findings()
        yield from self._line_findings()
        yield from self._checkpoint_findings()

    def _hint_findings(self) -> Iterator[Finding]:
        key = hint_key(self._model)
        if self._hint is None:
            yield Finding(key, "the hint is missing or cannot be read")
        elif self._hint != self._due:
            yield Finding(key, "the hint says something else than the log")

    def _listing_findings(self) -> Iterator[Finding]:
        key = version_listing_key(self._model)
        if self._listing is None:
            yield Finding(key, "the listing of versions is missing or cannot be read")
        elif self._listing != self._due_listing:
            yield Finding(key, "the listing of versions says something else than the log")

    def _line_findings(self) -> Iterator[Finding]:
        key = model_listing_key()
        if self._line is None:
            yield Finding(key, f"the listing of models cannot be read, or lacks {self._model}")
        elif self._line != self._due_line:
            yield Finding(key, f"the listing of models says something else of {self._model} than its log")

    def _checkpoint_findings(self) -> Iterator[Finding]:
        prefix, present = checkpoints_prefix(self._model), set()
        for item in self._store.list(prefix):
            parts = checkpoint_parts(item.key)
            present.add(parts)
            what = self._wrong_in(item.key, Checkpoint(*parts)) if parts else "not the name of a checkpoint"
            if what:
                yield Finding(item.key, what)
        for one in self._hint.checkpoints if self._hint else ():
            if (one.first, one.last, one.digest) not in present:
                yield Finding(prefix, f"the checkpoint of entries {one.first} to {one.last} is missing")

    def _wrong_in(self, key: str, checkpoint: Checkpoint) -> str | None:
        try:
            entries = unpack(self._store.get(key) or b"", checkpoint, key)
        except IntegrityError as error:
            return error.what
        if [digest_of_bytes(entry) for entry in entries] != self._digests[checkpoint.first - 1 : checkpoint.last]:
            return "a checkpoint says something else than the log"
        return None
