"""Delivers what happens in a model's log to those who want to hear of it. The log itself is the outbox.

For each sink and model: events in the order of the log, each at least once, under an id that never changes. A claim
that only one worker can create keeps two from sending at once; it expires, so that a worker that died holds nobody up.
An event is sent twice only if its worker died after sending and before it could write that down, and the receiver
cannot be asked. An alias that has moved on since is not announced any more, nor a deployment that was replaced.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from mlops_ci.edge.clock import Clock, timestamp
from mlops_ci.errors import MlopsError, OutcomeUnknownError
from mlops_ci.project.names import require_sink_name
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.delivery import Claim, Cursor, Failed, Settled
from mlops_ci.records.entry import Alias, Deployed
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.state import LogEntry
from mlops_ci.workspace.layout import (
    event_claim_key,
    event_cursor_key,
    event_failure_key,
    event_marker_key,
    event_start_key,
)

LEASE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of a log on its way to a sink; ``id`` is the same however often it is sent."""

    id: str
    model: str
    entry: LogEntry


@dataclass(frozen=True, slots=True)
class Sink:
    """Who wants to hear of a model, and how to reach them.

    ``send`` delivers and returns a receipt, or raises; ``delivered`` asks the receiver whether an event has arrived,
    and returns the receipt if so (None: it has not, or the receiver cannot be asked).
    """

    name: str
    wants: Callable[[LogEntry], bool]
    send: Callable[[Event], str | None]
    delivered: Callable[[Event], str | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of the events of one pass: their ids, and what held up the rest."""

    sent: tuple[str, ...]
    superseded: tuple[str, ...]
    held_up: Literal["claimed by another", "failed"] | None = None
    error: MlopsError | None = None


@dataclass(frozen=True, slots=True)
class _Claimed:
    attempt: int
    expires: str


class Outbox:
    """The delivery of one model's log to one sink.

    Args:
        log: the model's log.
        workspace: the workspace's id, of which the ids of events are made.
        sink: who is to hear; its name is one as a model has.
        clock: tells the time.
        lease: for how long a claim holds others off.
    """

    def __init__(self, log: ModelLog, workspace: str, sink: Sink, *, clock: Clock, lease: timedelta = LEASE) -> None:
        require_sink_name(sink.name)
        self._log = log
        self._store = log.store
        self._workspace = workspace
        self._sink = sink
        self._clock = clock
        self._lease = lease

    def start(self) -> int:
        """The entry after which the sink listens: the newest one when it was first heard of. It hears no history."""
        key = event_start_key(self._sink.name, self._log.model)
        data = self._store.get(key)
        if data is None:
            self._store.create(key, encode(Cursor(self._log.read().head)))
            data = self._store.get(key)
        return decode(data or b"", Cursor, where=key).seq

    def deliver(self) -> Delivered:
        """Deliver what is due, until there is no more or something holds it up."""
        sent: list[str] = []
        superseded: list[str] = []
        settled = max(self.start(), self._cursor())
        entries = self._log.entries_after(settled)
        for entry in entries:
            event = Event(f"{self._workspace}/{self._log.model}/{entry.envelope.seq}", self._log.model, entry)
            if self._sink.wants(entry) and not self._is_settled(entry):
                claimed = self._claim(entry)
                if claimed is None:
                    return Delivered(tuple(sent), tuple(superseded), "claimed by another")
                # Only who holds the claim may look, or another may settle and send newer ones between look and deed.
                if self._is_settled(entry):
                    pass
                elif self._is_superseded(entry):
                    self._settle(event, "superseded", None)
                    superseded.append(event.id)
                elif timestamp(self._clock()) >= claimed.expires:
                    return Delivered(tuple(sent), tuple(superseded), "claimed by another")
                elif error := self._send(event, claimed.attempt):
                    return Delivered(tuple(sent), tuple(superseded), "failed", error)
                else:
                    sent.append(event.id)
            settled = entry.envelope.seq
        self._store.put(event_cursor_key(self._sink.name, self._log.model), encode(Cursor(settled)))
        return Delivered(tuple(sent), tuple(superseded))

    def due(self) -> list[LogEntry]:
        """What :meth:`deliver` would send now, without claiming any of it."""
        key = event_start_key(self._sink.name, self._log.model)
        data = self._store.get(key)
        if data is None:
            return []  # it has never listened
        settled = max(decode(data, Cursor, where=key).seq, self._cursor())
        waiting = [entry for entry in self._log.entries_after(settled) if self._sink.wants(entry)]
        return [entry for entry in waiting if not self._is_settled(entry) and not self._is_superseded(entry)]

    def _cursor(self) -> int:
        key = event_cursor_key(self._sink.name, self._log.model)
        data = self._store.get(key)
        return decode(data, Cursor, where=key).seq if data else 0

    def _key(self, of: Callable[[str, str, int], str], entry: LogEntry) -> str:
        return of(self._sink.name, self._log.model, entry.envelope.seq)

    def _is_settled(self, entry: LogEntry) -> bool:
        return self._store.get(self._key(event_marker_key, entry)) is not None

    def _is_superseded(self, entry: LogEntry) -> bool:
        """Whether an alias or a deployment has moved on since an entry; looked up as late as can be."""
        match entry.body:
            case Alias(alias=alias):
                current = self._log.read().aliases.get(alias)
                return current is None or current.entry > entry.envelope.seq
            case Deployed(stage="serving" | "unhealthy" as stage, deployment=name):
                known = self._log.read().deployments.get(name)
                told = known and (known.since if stage == "serving" else known.checked)
                return known is None or known.version != entry.body.version or told != entry.envelope.time
            case Deployed(stage="deleted", deployment=name):
                return name in self._log.read().deployments
        return False

    def _claim(self, entry: LogEntry) -> _Claimed | None:
        """Claim the next try to deliver an entry; None if another worker is at it."""
        attempt = 1
        name, model, seq = self._sink.name, self._log.model, entry.envelope.seq
        now = self._clock()
        while (data := self._store.get(key := event_claim_key(name, model, seq, attempt))) is not None:
            over = self._store.get(event_failure_key(name, model, seq, attempt)) is not None
            if not over and decode(data, Claim, where=key).expires > timestamp(now):
                return None
            attempt += 1
        expires = timestamp(now + self._lease)
        claim = encode(Claim(uuid.uuid4().hex, timestamp(now), expires))
        # The reply to a create may have got lost on its way: the token tells whose claim it is.
        is_ours = self._store.create(key, claim) or self._store.get(key) == claim
        return _Claimed(attempt, expires) if is_ours else None

    def _send(self, event: Event, attempt: int) -> MlopsError | None:
        try:
            # Whoever tried before may have died after sending.
            receipt = self._sink.delivered(event) if attempt > 1 else None
            if receipt is not None:
                self._settle(event, "found delivered", receipt)
                return None
            receipt = self._sink.send(event)
        except OutcomeUnknownError as error:
            return error  # it may have arrived: nobody tries again before the claim expires
        except MlopsError as error:
            name, seq = self._sink.name, event.entry.envelope.seq
            failure = Failed(timestamp(self._clock()), error.line())
            self._store.create(event_failure_key(name, event.model, seq, attempt), encode(failure))
            return error
        self._settle(event, "sent", receipt)
        return None

    def _settle(self, event: Event, how: Literal["sent", "found delivered", "superseded"], receipt: str | None) -> None:
        settled = Settled(event.id, how, timestamp(self._clock()), receipt)
        self._store.create(self._key(event_marker_key, event.entry), encode(settled))
