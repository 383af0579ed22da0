"""Checkpoints make reading quick, and never change what is read."""

from __future__ import annotations

import pytest

from mlops_ci.errors import RemoteError
from mlops_ci.records.hint import Checkpoint
from mlops_ci.registry import checkpoints
from mlops_ci.registry.check import check_model
from mlops_ci.registry.hints import read_hint
from mlops_ci.registry.state import ModelState
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.layout import (
    checkpoint_key,
    checkpoints_prefix,
    hint_key,
)
from tests.registry.conftest import Make
from tests.registry.interloper import InterloperStore
from tests.registry.long_logs import (
    CountingStore,
    damages_of,
    grow,
    lie,
    raw_log,
    read_log,
    require_same,
    stored_checkpoints,
)
from tests.registry.making import MODEL, open_log, require_whole
from tests.workspace.memory import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return InterloperStore()


@pytest.mark.usefixtures("small")
def test_checkpoints_of_every_level_hold_the_very_entries(store: MemoryStore, make: Make) -> None:
    for length in (3, 4, 5, 11, 12, 13, 36, 41):
        grow(store, make, length)
        require_same(store, open_log(store).read())
        assert check_model(open_log(store), read_data=True).hints == ()
    hint = read_hint(store, MODEL)
    assert hint is not None
    assert [(one.first, one.last) for one in hint.checkpoints] == [(1, 36), (37, 40)]


def test_a_damaged_checkpoint_changes_nothing_and_is_named(store: MemoryStore, healthy: ModelState) -> None:
    found = stored_checkpoints(store)
    assert len(found) == 9  # 7 of four entries, and 2 of twelve
    for key, (first, last) in found.items():
        data = store.objects[key]
        other = next(store.objects[name] for name in found if name != key)
        for damaged in damages_of(data, other):
            store.delete(key) if damaged is None else store.put(key, damaged)
            require_same(store, healthy)
            hints = check_model(open_log(store), read_data=False).hints
            superseded = damaged is None and (first, last) not in {(1, 12), (13, 24), (25, 28)}
            assert superseded or any(hint.key in {key, checkpoints_prefix(MODEL)} for hint in hints)
        store.put(key, data)


def _forged_checkpoint(store: MemoryStore, first: int, last: int) -> Checkpoint:
    """A checkpoint that is what its name says, and not what the log says."""
    entries = [data.replace(b'"tester"', b'"forger"') for data in raw_log(store)[first - 1 : last]]
    return checkpoints._write(store, MODEL, first, entries)


@pytest.mark.parametrize(("first", "last"), [(1, 30), (1, 28), (1, 12), (13, 24), (25, 28), (29, 30)])
@pytest.mark.parametrize("hinted", [True, False])
def test_a_checkpoint_of_another_log_changes_nothing(
    store: MemoryStore, healthy: ModelState, first: int, last: int, hinted: bool
) -> None:
    forged = _forged_checkpoint(store, first, last)
    hint = read_hint(store, MODEL)
    assert hint is not None
    if hinted:
        kept = [one for one in hint.checkpoints if one.last < first or one.first > last]
        lie(store, hint, checkpoints=tuple(sorted([*kept, forged], key=lambda one: one.first)))
    else:
        store.delete(hint_key(MODEL))
    require_same(store, healthy)
    key = checkpoint_key(MODEL, first, last, forged.digest)
    assert key in {finding.key for finding in check_model(open_log(store), read_data=False).hints}


@pytest.mark.parametrize(
    "named",
    [
        "00000000000000000001-99999999999999999999", "00000000000000000001-00000000000000000031",
        "00000000000000000005-00000000000000000001", "00000000000000000000-00000000000000000000",
    ],
)  # fmt: skip
def test_a_name_of_a_checkpoint_that_cannot_be_stops_neither_readers_nor_writers(
    store: MemoryStore, healthy: ModelState, named: str
) -> None:
    store.put(f"{checkpoints_prefix(MODEL)}{named}.{'a' * 64}", b"?")
    store.delete(hint_key(MODEL))
    require_same(store, healthy)
    for number in range(8):
        set_tags(open_log(store), 1, {"late": str(number)})
    hint = read_hint(store, MODEL)
    assert hint is not None
    assert hint.checkpoints[-1].last == 36
    assert read_log(store) == raw_log(store)


@pytest.mark.usefixtures("small")
def test_racing_writers_leave_checkpoints_that_say_what_the_log_says(make: Make) -> None:
    store = InterloperStore()
    grow(store, make, 3)
    for number in range(40):
        store.interlope = lambda n=number: set_tags(open_log(store), 2, {"theirs": str(n)})
        set_tags(open_log(store), 1, {"ours": str(number)})
    require_same(store, open_log(store).read())
    assert check_model(open_log(store), read_data=True).hints == ()
    assert len(raw_log(store)) == 83


class DyingStore(MemoryStore):
    """Its writers die before anything that can be rebuilt."""

    dying = True

    def put(self, key: str, data: bytes) -> None:
        if self.dying:
            raise RemoteError("killed")
        super().put(key, data)


@pytest.mark.usefixtures("small")
def test_what_dead_writers_left_undone_is_made_up_for_by_the_next(make: Make) -> None:
    store = DyingStore()
    grow(store, make, 17)
    assert not stored_checkpoints(store)
    store.dying = False
    set_tags(open_log(store), 1, {"the next": "writer"})
    assert set(stored_checkpoints(store).values()) == {(1, 4), (5, 8), (9, 12), (1, 12), (13, 16)}
    assert check_model(open_log(store), read_data=True).hints == ()
    require_same(store, open_log(store).read())


def test_a_long_log_is_read_in_few_requests(store: MemoryStore, make: Make) -> None:
    grow(store, make, 1_100)
    counting = CountingStore(store)
    assert open_log(counting).read().head == 1_100
    hint = read_hint(store, MODEL)
    assert hint is not None
    assert [(one.first, one.last) for one in hint.checkpoints] == [(1, 1024), (1025, 1088)]
    # The hint; each checkpoint and its last entry; the tail; one look for more.
    assert counting.requests == {"get": 1 + 2 * 2 + 12 + 1}
    assert require_whole(store).head == 1_100
    require_same(store, open_log(store).read())
