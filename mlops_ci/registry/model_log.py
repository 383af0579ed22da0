"""Reads and appends to a model's log. The only writer of log entries.

The protocol, in short: fold the log, check every precondition on the folded state, create the next entry if its
slot is still free. Whoever loses the slot folds the winner's entry and checks everything again. A reply that got
lost is settled by reading the slot back and looking for our own transaction.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator

from mlops_ci.edge.clock import Clock, timestamp
from mlops_ci.errors import IntegrityError, OutcomeUnknownError, RemoteError
from mlops_ci.records.actor import Actor
from mlops_ci.records.codec import encode, plain
from mlops_ci.records.entry import LOG_FORMAT, Body, Envelope, operation_of
from mlops_ci.registry.fold import ModelState
from mlops_ci.workspace.layout import MODELS, log_key, log_prefix, log_sequence
from mlops_ci.workspace.store import Store

Decide = Callable[[ModelState], Body | None]
_LONGEST_PAUSE = 0.25


class ModelLog:
    """The log of one model in a workspace."""

    def __init__(self, store: Store, model: str, *, actor: Actor, clock: Clock) -> None:
        self.store = store
        self.model = model
        self._actor = actor
        self._clock = clock
        self._state = ModelState(model)

    @property
    def folded(self) -> ModelState:
        """The state as far as it has been folded, without looking for more."""
        return self._state

    def read(self) -> ModelState:
        """Fold what has been appended since the last call, and return the state.

        Raises:
            IntegrityError: an entry is missing, damaged, or not chained to the one before.
        """
        if self._state.head == 0:
            self._require_density()
        while (data := self.store.get(log_key(self.model, self._state.head + 1))) is not None:
            self._state.apply(data, log_key(self.model, self._state.head + 1))
        return self._state

    def append(self, decide: Decide) -> ModelState:
        """Append one entry, and return the state that includes it.

        Args:
            decide: given the newest state, returns what to append, or None when there is nothing (left) to do;
                raises when a precondition does not hold. It is called again after every lost race.

        Raises:
            OutcomeUnknownError: the entry may or may not have been written.
        """
        txn = uuid.uuid4().hex
        pause = 0.001
        while True:
            state = self.read()
            body = decide(state)
            if body is None:
                self._make_durable(state)
                return state
            state.require_writable()
            key, data = log_key(self.model, state.head + 1), self._entry(state, body, txn)
            if self._write(key, data):
                state.apply(data, key)
                return state
            time.sleep(pause * random.random())  # noqa: S311 - only to part two racing writers
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _make_durable(self, state: ModelState) -> None:
        """Make sure that what we are about to acknowledge outlives a power cut.

        Its writer may have died between making the entry visible and making it durable. Creating it once more
        changes nothing, and is acknowledged only when the entry is safe.
        """
        key = log_key(self.model, state.head)
        if state.head and (data := self.store.get(key)) is not None:
            self.store.create(key, data)

    def _write(self, key: str, data: bytes) -> bool:
        """Create the entry; True if it is ours, be it that only a read-back shows it."""
        failure: RemoteError | None = None
        try:
            if self.store.create(key, data):
                return True
        except RemoteError as error:
            failure = error
        try:
            found = self.store.get(key)
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

    def _entry(self, state: ModelState, body: Body, txn: str) -> bytes:
        envelope = Envelope(
            format=LOG_FORMAT,
            op=operation_of(body),
            must_understand=True,
            seq=state.head + 1,
            prev=state.head_digest,
            txn=txn,
            time=timestamp(self._clock()),
            actor=self._actor,
        )
        return encode({**plain(envelope), **plain(body)})

    def _require_density(self) -> None:
        present = {number for item in self.store.list(log_prefix(self.model)) if (number := log_sequence(item.key))}
        for expected in range(1, max(present, default=0)):
            # A listing made while others write may lack an entry and show a later one: only a read tells.
            if expected not in present and self.store.get(log_key(self.model, expected)) is None:
                raise IntegrityError(
                    "an entry of the log is missing",
                    where=log_key(self.model, expected),
                    hint="restore it from a backup; run mlops-ci workspace check for the whole picture",
                )


def model_names(store: Store) -> Iterator[str]:
    """The models that have a log, sorted."""
    seen = None
    for item in store.list(MODELS):
        name = item.key.removeprefix(MODELS).partition("/")[0]
        if name != seen and item.key.startswith(log_prefix(name)):
            seen = name
            yield name


def traces_of_models(store: Store) -> list[str]:
    """The names under which anything at all is kept, were it an upload that never got its entry."""
    return sorted({item.key.removeprefix(MODELS).partition("/")[0] for item in store.list(MODELS)})
