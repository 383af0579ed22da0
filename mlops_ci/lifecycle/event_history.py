"""What happened to the events of a log: to whom they went, and what holds up the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mlops_ci.edge.clock import Clock, timestamp
from mlops_ci.lifecycle.news import Newsroom
from mlops_ci.project.names import is_name
from mlops_ci.project.receivers import Receiver
from mlops_ci.records.codec import decode
from mlops_ci.records.delivery import Claim, Cursor, Failed, Settled
from mlops_ci.records.event import CloudEvent
from mlops_ci.workspace.layout import EVENTS, event_parts, event_start_key, events_prefix
from mlops_ci.workspace.store import Store

Status = Literal["sent", "found delivered", "superseded", "failed", "claimed", "due", "before it listened"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of an event at one sink; ``attempts`` counts the tries so far.

    ``time`` is of the end of the last one, ``receipt`` what the receiver gave, ``reason`` why it failed.
    """

    sink: str
    status: Status
    attempts: int = 0
    time: str | None = None
    receipt: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """An event, and what became of it at each sink."""

    event: CloudEvent
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class _Sink:
    """What the workspace knows of a sink: from where it listens (None: it never has), and its keys by entry."""

    name: str
    receiver: Receiver | None
    start: int | None
    keys: dict[int, list[str]]


def event_history(newsroom: Newsroom, receivers: tuple[Receiver, ...], clock: Clock) -> Iterator[Heard]:
    """Tell of all events of a log, oldest first.

    Args:
        newsroom: makes the events.
        receivers: those of ``mlops.yaml``; sinks that are not in it any more are told of where they have heard.
        clock: tells the time, by which a claim has expired or not.
    """
    store, model = newsroom.log.store, newsroom.log.model
    known = {receiver.name: receiver for receiver in receivers}
    former = [name for name in store.folders(EVENTS) if name not in known and is_name(name)]
    sinks = [_sink(store, model, name, known.get(name)) for name in (*known, *former)]
    now = timestamp(clock())
    for seq, event in newsroom.events():
        found = (_delivery(store, sink, seq, event, now) for sink in sinks)
        yield Heard(event, tuple(delivery for delivery in found if delivery))


def _sink(store: Store, model: str, name: str, receiver: Receiver | None) -> _Sink:
    keys: dict[int, list[str]] = {}
    for item in store.list(events_prefix(name, model)):
        parts = event_parts(item.key)
        if parts and parts[1] is not None:
            keys.setdefault(parts[1], []).append(item.key)
    key = event_start_key(name, model)
    data = store.get(key)
    return _Sink(name, receiver, decode(data, Cursor, where=key).seq if data else None, keys)


def _delivery(store: Store, sink: _Sink, seq: int, event: CloudEvent, now: str) -> Delivery | None:
    keys = sink.keys.get(seq, [])
    if not keys:
        receiver = sink.receiver
        news = event.data
        if receiver is None or receiver.event != news.event or news.alias not in {None, receiver.alias}:
            return None
        return Delivery(sink.name, "before it listened" if sink.start is None or seq <= sink.start else "due")
    attempts = sum(".claim-" in key for key in keys)
    for key in keys:
        if key.endswith(".done.json") and (data := store.get(key)):
            settled = decode(data, Settled, where=key)
            return Delivery(sink.name, settled.how, attempts, settled.time, settled.receipt)
    last = max(keys, key=lambda key: (key.rpartition("-")[2], ".failed-" in key))
    data = store.get(last) or b""
    if ".failed-" in last:
        failed = decode(data, Failed, where=last)
        return Delivery(sink.name, "failed", attempts, failed.time, reason=failed.reason)
    claim = decode(data, Claim, where=last)
    return Delivery(sink.name, "claimed" if claim.expires > now else "due", attempts, claim.time)
