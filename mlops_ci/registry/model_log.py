"""Reads and appends to a model's log. The only writer of log entries.

The protocol, in short: fold the log, check every precondition on the folded state, create the next entry if its
slot is still free. Whoever loses the slot folds the winner's entry and checks everything again. A reply that got
lost is settled by reading the slot back and looking for our own transaction. Entries that belong together are kept here
until they are all decided on, and take one slot.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from typing import TypeVar

from mlops_ci.edge.clock import Clock, timestamp
from mlops_ci.errors import IntegrityError, RemoteError
from mlops_ci.records.actor import Actor
from mlops_ci.records.codec import encode, plain
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.entry import LOG_FORMAT, Body, Envelope
from mlops_ci.records.operations import operation_of
from mlops_ci.records.pin import Pin
from mlops_ci.registry.checkpoints import advance
from mlops_ci.registry.fold import Examined, apply, examine, fold, read_entry
from mlops_ci.registry.hints import require_vouched, write_hints
from mlops_ci.registry.log_objects import joined
from mlops_ci.registry.log_reader import LogReader
from mlops_ci.registry.pins import require_length, require_pinned
from mlops_ci.registry.slot import take_slot
from mlops_ci.registry.state import LogEntry, ModelState
from mlops_ci.registry.uploads import Uploads
from mlops_ci.workspace.layout import log_key
from mlops_ci.workspace.store import LostRaceError, Store

T = TypeVar("T")
Decide = Callable[[ModelState], Body | None]
_LONGEST_PAUSE = 0.25


class ModelLog:
    """The log of one model in a workspace.

    Args:
        store: the workspace.
        model: the model's name.
        actor: who writes.
        clock: tells the time of an entry.
        pin: an entry that the log must have; a log that was rolled back behind it, or forked before it, is refused.
    """

    def __init__(self, store: Store, model: str, *, actor: Actor, clock: Clock, pin: Pin | None = None) -> None:
        self.store = store
        self.model = model
        self._actor = actor
        self._clock = clock
        self.pin = pin
        self.uploads = Uploads(store, model)
        self._together = False
        self._written = 0
        self._start()

    def _start(self) -> None:
        self._state = ModelState(self.model)
        self._reader = LogReader(self.store, self.model)
        self._held: list[bytes] = []  # the newest entries of the state, which are not written yet
        self._relied_on = False  # something is about to be acknowledged that was found in the log
        self._lost = False  # somebody else has taken the slot of what was held

    @property
    def folded(self) -> ModelState:
        """The state as far as it has been folded, without looking for more."""
        return self._state

    def read(self) -> ModelState:
        """Fold what has been appended since the last call, and return the state.

        Inside :meth:`together`, after the first entry there, the state is that of the beginning and our own entries.

        Raises:
            IntegrityError: an entry is missing, damaged, or not chained to the one before; or the pinned entry is not
                the one that was pinned; or the newest one is not the one that the hint speaks of.
        """
        self._require_not_lost()
        if not self._held:
            for _ in self._newer():
                pass
        return self._state

    def _newer(self) -> Iterator[LogEntry]:
        """Fold and yield the entries that are new; only at the end is it certain that they are the log's."""
        try:
            for key, data in self._reader.after(self._state.head):
                require_pinned(self.pin, self._state.head + 1, data)
                yield fold(self._state, data, key)
            require_length(self.pin, self._state.head)
            require_vouched(self._reader.hint, self._state)
        except BaseException:
            if self._state.head != self._reader.whole:
                self._start()  # a part of a group must not be taken for the log
            raise

    def entries(self) -> Iterator[LogEntry]:
        """All entries, oldest first; the log is verified before the first, and no more of it is held than a stretch."""
        state, previous = self.read(), None
        held = ((log_key(self.model, self._first_held()), data) for data in self._held)
        for key, data in chain(self._reader.until(state.head - len(self._held)), held):
            entry = read_entry(data, key)
            if entry.envelope.prev != previous:
                raise IntegrityError("the entry changed while it was read", where=key, hint="run the command again")
            previous = digest_of_bytes(data)
            yield entry

    def entries_after(self, seq: int) -> list[LogEntry]:
        """The entries after number ``seq``, once the whole log is verified; on a log that has not been read further."""
        if self._held:
            return [entry for entry in self.entries() if entry.envelope.seq > seq]
        if self._state.head > seq:
            self._start()
        return [entry for entry in self._newer() if entry.envelope.seq > seq]

    def entry(self, seq: int) -> LogEntry | None:
        """One entry; None if there is none of that number."""
        if self._held and seq >= self._first_held():
            held = self._held[seq - self._first_held() :]
            return read_entry(held[0], log_key(self.model, seq)) if held else None
        found = self._reader.entry(seq)
        return read_entry(found[1], found[0]) if found else None

    def append(self, decide: Decide) -> ModelState:
        """Append one entry, and return the state that includes it.

        Args:
            decide: given the newest state, returns what to append, or None when there is nothing (left) to do;
                raises when a precondition does not hold. It is called again after every lost race.

        Raises:
            OutcomeUnknownError: the entry may or may not have been written.
        """
        txn = uuid.uuid4().hex
        if self._together:
            self._hold(decide, txn)
            return self._state
        pauses = _pauses(0.001, _LONGEST_PAUSE)
        while True:
            try:
                with self._all_or_nothing():  # what is uploaded for the entry, the entry, and what follows from it
                    if self._try(decide, txn):
                        return self._state
            except LostRaceError:
                pass
            time.sleep(next(pauses))

    def together(self, work: Callable[[], T]) -> T:
        """Do work whose entries belong together: they are one object of the log, and are there all or not at all.

        The work is done again from the start, on a newly read log, when somebody else has written meanwhile. Nothing
        that it leaves in the storage by itself may rest on an entry, unless it calls :meth:`settle` first.
        """
        if self._together:
            return work()
        pauses = _pauses(0.05, 20 * _LONGEST_PAUSE)
        while True:
            self._together = True
            try:
                with self._all_or_nothing():
                    done = work()
                    self.settle()
                    self._together = False
                    self._publish()
                return done
            except LostRaceError:
                time.sleep(next(pauses))
            finally:
                self._together = False

    def settle(self) -> None:
        """Write what was appended so far, inside :meth:`together`: what comes next must not be unless it is on record.

        On a storage where writes are seen all at once it is still to be seen with the rest.

        Raises:
            LostRaceError: somebody else has written meanwhile; leads to :meth:`together`, even if it is caught before.
            OutcomeUnknownError: the entries may or may not have been written.
        """
        self._require_not_lost()
        if self._held:
            first = self._first_held()
            if not self._write(log_key(self.model, first), joined(self._held)):
                self._lost = True
                self._require_not_lost()
            self._written += 1
            self._reader.newest = first
            self._held = []
        elif self._relied_on:
            self._make_durable()
        self._relied_on = False

    def _require_not_lost(self) -> None:
        if self._lost:
            raise LostRaceError("somebody else has written to the log meanwhile", where=self.model)

    def _first_held(self) -> int:
        return self._state.head - len(self._held) + 1

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Write together; where that fails, forget what we have written, for it may have been dropped."""
        written = self._written
        try:
            with self.store.together():
                yield
        except BaseException:
            if self._held or self._lost or self._written != written:
                self._start()
            raise

    def _hold(self, decide: Decide, txn: str) -> None:
        """Decide on the newest state, and keep the entry for the others that it belongs to."""
        state = self.read()
        body = decide(state)
        if body is None:
            self._relied_on = True
            return
        data, examined = self._examined(state, body, txn)
        self._held.append(data)
        apply(state, examined)

    def _try(self, decide: Decide, txn: str) -> bool:
        """Decide on the newest state and write; False if somebody else was faster."""
        state = self.read()
        body = decide(state)
        if body is None:
            self._make_durable()
        else:
            data, examined = self._examined(state, body, txn)
            if not self._write(log_key(self.model, state.head + 1), data):
                return False
            self._written += 1  # first, or what is cut off after it would not be forgotten
            apply(state, examined)
            self._reader.newest = state.head
        self._publish()
        return True

    def _examined(self, state: ModelState, body: Body, txn: str) -> tuple[bytes, Examined]:
        """The next entry, checked before anybody can see it."""
        state.require_writable()
        data = self._entry(state, body, txn)
        return data, examine(state, data, log_key(self.model, state.head + 1))

    def _publish(self) -> None:
        """Bring hints and checkpoints up to the state; a failure is the next writer's to repair."""
        state = self._state
        if self._together or state.head <= self._reader.hinted:
            return
        with suppress(RemoteError):
            self._reader.checkpoints = advance(
                self.store, self.model, self._reader.checkpoints, self._reader.newest, self._reader.stretch
            )
            write_hints(self.store, state, self._reader.checkpoints)
        self._reader.hinted = state.head

    def _make_durable(self) -> None:
        """Make sure that what we are about to acknowledge outlives a power cut.

        Its writer may have died between making the entry visible and making it durable. Creating it once more
        changes nothing, and is acknowledged only when the entry is safe.
        """
        key = log_key(self.model, self._reader.newest)
        if self._reader.newest and (data := self.store.get(key)) is not None:
            self.store.create(key, data)

    def _write(self, key: str, data: bytes) -> bool:
        """Create the entry; True if it is ours, be it that only a read-back shows it."""
        return take_slot(self.store, key, data)

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


def _pauses(first: float, longest: float) -> Iterator[float]:
    """Ever longer pauses, each random, to part racing writers."""
    pause = first
    while True:
        yield pause * random.random()  # noqa: S311 - no secret
        pause = min(2 * pause, longest)
