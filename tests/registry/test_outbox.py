"""Events reach their sink at least once, in order, under one id; and what is outdated never comes late."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.copying import copy_workspace
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import register
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.layout import event_claim_key, event_cursor_key, event_marker_key
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.store import Store
from tests.registry.deliveries import DiedError, Receiver, Time, aliases, die, fail, point
from tests.registry.making import MODEL, open_log, registration, sha
from tests.workspace.memory import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def receiver(store: MemoryStore, log: ModelLog, versions: Callable[[int], object], time: Time) -> Receiver:
    """Listens since entry 3."""
    versions(3)
    receiver = Receiver()
    assert receiver.outbox(store, time).deliver().sent == ()
    return receiver


def _tag(store: Store, count: int) -> None:
    for _ in range(count):
        log = open_log(store)
        set_tags(log, 1, {"n": str(log.read().head)})


def test_a_new_sink_hears_no_history_and_all_that_follows_in_order(
    store: MemoryStore, receiver: Receiver, time: Time
) -> None:
    _tag(store, 3)
    done = receiver.outbox(store, time).deliver()
    assert done.sent == tuple(receiver.arrived) == tuple(f"ws/{MODEL}/{seq}" for seq in (4, 5, 6))
    assert receiver.outbox(store, time).deliver().sent == ()
    _tag(store, 1)
    receiver.outbox(store, time).deliver()
    assert receiver.numbers == [4, 5, 6, 7]


def test_what_is_due_can_be_looked_at_without_claiming_it(store: MemoryStore, receiver: Receiver, time: Time) -> None:
    receiver.wants = aliases
    assert Receiver("stranger").outbox(store, time).due() == []
    for version in (1, 2):
        point(store, version)
    before = dict(store.objects)
    assert [entry.envelope.seq for entry in receiver.outbox(store, time).due()] == [5]
    assert store.objects == before
    receiver.outbox(store, time).deliver()
    assert (receiver.numbers, receiver.outbox(store, time).due()) == ([5], [])


def test_a_lost_cursor_repeats_nothing(store: MemoryStore, receiver: Receiver, time: Time) -> None:
    _tag(store, 3)
    receiver.outbox(store, time).deliver()
    store.delete(event_cursor_key("sink", MODEL))
    receiver.outbox(store, time).deliver()
    assert receiver.numbers == [4, 5, 6]


def test_a_failure_holds_up_what_follows_and_is_tried_again_at_once(
    store: MemoryStore, receiver: Receiver, time: Time
) -> None:
    _tag(store, 2)
    receiver.before = fail
    done = receiver.outbox(store, time).deliver()
    assert (done.sent, done.held_up, done.error and done.error.what) == ((), "failed", "503 service unavailable")
    assert receiver.outbox(store, time).deliver().sent == (f"ws/{MODEL}/4", f"ws/{MODEL}/5")
    assert receiver.numbers == [4, 5]


@pytest.mark.parametrize(("tells", "expected"), [(False, [4, 4, 5]), (True, [4, 5])])
def test_a_worker_that_died_after_sending_makes_a_duplicate_unless_the_receiver_can_be_asked(
    store: MemoryStore, receiver: Receiver, time: Time, tells: bool, expected: list[int]
) -> None:
    receiver.tells = tells
    _tag(store, 2)
    receiver.after = die
    with pytest.raises(DiedError):
        receiver.outbox(store, time).deliver()
    assert receiver.outbox(store, time).deliver().held_up == "claimed by another"
    time.pass_(9)
    assert receiver.outbox(store, time).deliver().held_up == "claimed by another"
    time.pass_(2)
    assert len(receiver.outbox(store, time).deliver().sent) == 2
    assert receiver.numbers == expected


def test_nobody_sends_while_another_does(store: MemoryStore, receiver: Receiver, time: Time) -> None:
    _tag(store, 1)
    ends = []
    receiver.before = lambda: ends.append(receiver.outbox(store, time).deliver().held_up)
    receiver.outbox(store, time).deliver()
    assert (ends, receiver.numbers) == (["claimed by another"], [4])


def test_an_alias_that_has_moved_on_is_not_announced(store: MemoryStore, receiver: Receiver, time: Time) -> None:
    receiver.wants = aliases
    for version in (1, 2, 3):
        point(store, version)
    done = receiver.outbox(store, time).deliver()
    assert (done.superseded, done.sent) == ((f"ws/{MODEL}/4", f"ws/{MODEL}/5"), (f"ws/{MODEL}/6",))
    assert receiver.aliased == [3]


class StallingStore(MemoryStore):
    """Something else happens just before a claim is written, or just after."""

    def __init__(self, of: MemoryStore) -> None:
        super().__init__()
        self.objects, self._modified = of.objects, of._modified
        self.before: Callable[[], object] | None = None
        self.after: Callable[[], object] | None = None

    def create(self, key: str, data: bytes) -> bool:
        is_claim = ".claim-" in key
        before, self.before = (self.before, None) if is_claim else (None, self.before)
        if before:
            before()
        created = super().create(key, data)
        after, self.after = (self.after, None) if is_claim else (None, self.after)
        if after:
            after()
        return created


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("minutes", [0, 11])
def test_a_worker_that_stalls_around_its_claim_never_announces_late(
    store: MemoryStore, receiver: Receiver, time: Time, when: str, minutes: int
) -> None:
    """Another announces v3 meanwhile, where it can; the late announcement of v2 must not follow it."""
    receiver.wants = aliases
    point(store, 2)
    stalling = StallingStore(store)

    def meanwhile() -> None:
        point(store, 3)
        time.pass_(minutes)
        receiver.outbox(store, time).deliver()

    setattr(stalling, when, meanwhile)
    receiver.outbox(stalling, time).deliver()
    receiver.outbox(store, time).deliver()
    assert receiver.aliased == [3]


def test_a_worker_that_took_too_long_does_not_repeat_what_its_successor_settled(
    store: MemoryStore, receiver: Receiver, time: Time
) -> None:
    _tag(store, 1)
    stalling = StallingStore(store)

    def meanwhile() -> None:
        time.pass_(11)
        receiver.outbox(store, time).deliver()

    stalling.after = meanwhile
    receiver.outbox(stalling, time).deliver()
    assert receiver.numbers == [4]


def test_sinks_are_independent(store: MemoryStore, receiver: Receiver, time: Time) -> None:
    other = Receiver("other")
    other.outbox(store, time).deliver()
    _tag(store, 2)
    other.before = fail
    assert other.outbox(store, time).deliver().held_up == "failed"
    assert len(receiver.outbox(store, time).deliver().sent) == 2
    other.outbox(store, time).deliver()
    assert receiver.arrived == other.arrived


def test_only_what_a_sink_wants_is_claimed(store: MemoryStore, receiver: Receiver, time: Time) -> None:
    receiver.wants = aliases
    _tag(store, 2)
    point(store, 1)
    receiver.outbox(store, time).deliver()
    assert receiver.numbers == [6]
    assert store.get(event_claim_key("sink", MODEL, 4, 1)) is None
    assert store.get(event_marker_key("sink", MODEL, 6)) is not None


@pytest.mark.parametrize(
    "name", ["", "../x", "a/b", "A", "a b", ".", "..", "a..b", "a" * 101, "é", "-a", "a\n", "\ud800"]
)
def test_a_sink_has_a_name_that_can_be_part_of_a_key(store: MemoryStore, time: Time, name: str) -> None:
    with pytest.raises(UsageError, match="not the name of a sink"):
        Receiver(name).outbox(store, time)


def test_racing_workers_send_each_event_once_and_in_order(tmp_path: Path, store: MemoryStore, time: Time) -> None:
    shared = LocalStore(tmp_path / "workspace")
    log = open_log(shared)
    receiver = Receiver()
    receiver.outbox(shared, time).deliver()
    sending = threading.Lock()

    def alone() -> None:
        assert sending.acquire(blocking=False), "two workers send at once"
        sending.release()

    register(log, registration(tmp_path / "sources", sha(1), "f1"))
    _tag(shared, 11)

    def work(_: int) -> None:
        for _turn in range(30):
            receiver.before = alone
            receiver.outbox(shared, time).deliver()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert receiver.numbers == list(range(1, 13))


def test_what_was_delivered_comes_along_with_a_copy(
    store: MemoryStore, receiver: Receiver, time: Time, tmp_path: Path
) -> None:
    initialise(store)
    _tag(store, 2)
    receiver.outbox(store, time).deliver()
    copy = LocalStore(tmp_path / "copy")
    copy_workspace(store, copy)
    _tag(copy, 1)
    receiver.outbox(copy, time).deliver()
    assert receiver.numbers == [4, 5, 6]


def test_a_copy_knows_nothing_of_deliveries_of_entries_that_it_lacks(
    store: MemoryStore, receiver: Receiver, time: Time
) -> None:
    initialise(store)
    _tag(store, 1)
    new = Receiver("new")

    class BusySource(MemoryStore):
        """After the copy has read the logs, somebody writes and delivers."""

        def list(self, prefix: str):  # type: ignore[no-untyped-def]
            if prefix == "":
                _tag(store, 2)
                receiver.outbox(store, time).deliver()
                new.outbox(store, time).deliver()
            return super().list(prefix)

    source, copy = BusySource(), MemoryStore()
    source.objects, source._modified = store.objects, store._modified
    copy_workspace(source, copy)
    assert receiver.numbers == [4, 5, 6]
    assert open_log(copy).read().head == 4
    _tag(copy, 2)
    receiver.arrived.clear()
    receiver.outbox(copy, time).deliver()
    assert receiver.numbers == [5, 6], "the copy keeps silent about its own entries"
    new.outbox(copy, time).deliver()
    _tag(copy, 1)
    new.outbox(copy, time).deliver()
    assert new.numbers == [7]


def test_a_copy_is_brought_up_to_date_after_more_was_delivered(
    store: MemoryStore, receiver: Receiver, time: Time
) -> None:
    initialise(store)
    copy = MemoryStore()
    for _ in range(3):
        _tag(store, 2)
        receiver.outbox(store, time).deliver()
        copy_workspace(store, copy)
    receiver.arrived.clear()
    receiver.outbox(copy, time).deliver()
    assert receiver.arrived == []
