"""Pins: a log that was rolled back, forked or swapped is refused, by whatever way it is read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable

import pytest

from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.records.actor import Actor
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.pin import Pin
from mlops_ci.registry.check import check_model
from mlops_ci.registry.index import catch_up, use_index
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.pins import format_pin, parse_pins, pin_of
from mlops_ci.registry.quick import resolve_quickly
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.layout import hint_key, log_key
from mlops_ci.workspace.store import Store
from tests.registry.making import MODEL, open_log, ticking
from tests.workspace.memory import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def pins(store: MemoryStore, log: ModelLog, versions: Callable[[int], object]) -> list[Pin]:
    """The pin of each of eight entries."""
    versions(4)
    found = []
    for number in (1, 2, 3, 4):
        set_tags(log, number, {"a": "b"})
    for seq in range(1, 9):
        data = store.get(log_key(MODEL, seq))
        assert data is not None
        found.append(Pin(MODEL, seq, digest_of_bytes(data)))
    assert pin_of(log.read()) == found[-1]
    return found


def _pinned(store: Store, pin: Pin) -> ModelLog:
    return ModelLog(store, MODEL, actor=Actor("tester"), clock=ticking(), pin=pin)


def _uses(store: Store, pin: Pin) -> dict[str, Callable[[], object]]:
    return {
        "read": lambda: _pinned(store, pin).read(),
        "write": lambda: set_tags(_pinned(store, pin), 1, {"c": "d"}),
        "resolve": lambda: resolve_quickly(_pinned(store, pin), "v1"),
        "search": lambda: use_index(None, lambda index: catch_up(index, store, MODEL, pin)),
    }


def _refused(store: MemoryStore, pin: Pin) -> None:
    before = dict(store.objects)
    for name, use in _uses(store, pin).items():
        with pytest.raises(IntegrityError, match=r"rolled back|pinned"):
            use()
        assert store.objects == before, f"{name} wrote to a log that is not the pinned one"
    assert check_model(_pinned(store, pin), read_data=False).findings


def _truncate(store: MemoryStore, length: int, *, hint: bool = False) -> None:
    for seq in range(length + 1, 9):
        store.delete(log_key(MODEL, seq))
    if not hint:
        store.delete(hint_key(MODEL))


def test_every_pin_of_a_log_holds_and_goes_on_to_hold(store: MemoryStore, pins: list[Pin]) -> None:
    for pin in pins:
        for use in _uses(store, pin).values():
            use()
        assert check_model(_pinned(store, pin), read_data=True).findings == ()


@pytest.mark.parametrize("length", range(8))
def test_a_log_cut_short_is_refused(store: MemoryStore, pins: list[Pin], length: int) -> None:
    _truncate(store, length)
    if length:
        open_log(store).read()  # whole in itself: only who remembers can tell
    _refused(store, pins[length])


@pytest.mark.parametrize("length", [1, 4, 7])
def test_a_fork_is_refused_by_every_pin_after_it(store: MemoryStore, pins: list[Pin], length: int) -> None:
    _truncate(store, length)
    forged = open_log(store)
    for number in range(8):
        set_tags(forged, 1, {"forged": str(number)})
    for pin in pins[length:]:
        _refused(store, pin)
    for pin in pins[:length]:
        assert _pinned(store, pin).read().head == length + 8


def test_an_entry_that_is_swapped_only_for_the_pins_own_look_is_refused(store: MemoryStore, pins: list[Pin]) -> None:
    """The pin is held against the entries that are folded, not against one that is read once more."""

    class TwoFacedStore(MemoryStore):
        looks = 0

        def get(self, key: str) -> bytes | None:
            data = super().get(key)
            if key != log_key(MODEL, 8):
                return data
            self.looks += 1
            return forged if self.looks == 1 else data

    forged = json.dumps(json.loads(store.objects[log_key(MODEL, 8)]) | {"set": {"forged": "yes"}}).encode()
    two_faced = TwoFacedStore()
    two_faced.objects, two_faced._modified = store.objects, store._modified
    two_faced.delete(hint_key(MODEL))
    with pytest.raises(IntegrityError, match="not the one that was pinned"):
        _pinned(two_faced, pins[-1]).read()


def test_a_refused_log_stays_refused_however_often_it_is_asked(store: MemoryStore, pins: list[Pin]) -> None:
    _truncate(store, 4)
    set_tags(open_log(store), 1, {"forged": "yes"})
    log = _pinned(store, pins[4])
    for _ in range(3):
        with pytest.raises(IntegrityError, match="not the one that was pinned"):
            log.read()
        assert log.folded.versions[1].tags == {}


def test_an_index_that_is_ahead_of_the_pin_does_not_hide_a_fork(store: MemoryStore, pins: list[Pin]) -> None:
    _truncate(store, 4)
    for number in range(6):
        set_tags(open_log(store), 1, {"forged": str(number)})

    def search(index: sqlite3.Connection) -> None:
        catch_up(index, store, MODEL)
        with pytest.raises(IntegrityError, match="not the one that was pinned"):
            catch_up(index, store, MODEL, pins[5])

    use_index(None, search)


def test_pins_survive_being_printed_and_the_newest_of_a_model_counts(pins: list[Pin]) -> None:
    text = " \n".join(map(format_pin, pins[:3])) + ",other:1:" + "a" * 64
    assert parse_pins(text) == {MODEL: pins[2], "other": Pin("other", 1, "sha256:" + "a" * 64)}
    assert parse_pins("") == parse_pins(" \n,") == {}


@pytest.mark.parametrize(
    "text",
    [
        "model", "model:1", f"model:0:{'a' * 64}", f"model:-1:{'a' * 64}", f"model:1:{'A' * 64}", f"model:1:{'a' * 63}",
        f"../m:1:{'a' * 64}", f"MODEL:1:{'a' * 64}", f":1:{'a' * 64}", f"model:1:sha256:{'a' * 64}",
        f"model:\u0661:{'a' * 64}",
        f"model:1:{'a' * 64};model:1:{'a' * 64}", f"model:{'9' * 19}:{'a' * 64}",
    ],
)  # fmt: skip
def test_what_is_no_pin_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="not a pin"):
        parse_pins(text)
