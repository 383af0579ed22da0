"""What is damaged in a group is refused as a whole, and pins hold inside of groups."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.errors import IntegrityError, MlopsError
from mlops_ci.records.codec import encode
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.pin import Pin
from mlops_ci.registry.check import check_model
from mlops_ci.registry.index import catch_up, use_index
from mlops_ci.registry.log_objects import joined, parted
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.layout import hint_key, log_key
from mlops_ci.workspace.store import Store
from tests.registry.grouping import LENGTH, entries_of, regrouped
from tests.registry.long_logs import read_log
from tests.registry.making import MODEL, open_log, ticking
from tests.workspace.memory import MemoryStore


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_damaged_in_a_group_is_refused(plain: MemoryStore, seed: int) -> None:
    chance = random.Random(seed)
    store = regrouped(plain, [1, 7, 3, 9])
    expected = open_log(store).read()
    for number, size in ((2, 7), (9, 3), (12, 9)):
        key = log_key(MODEL, number)
        healthy = store.objects[key]
        lines = healthy.split(b"\n")
        at = chance.randrange(len(healthy))
        flipped = healthy[:at] + bytes([healthy[at] ^ 1]) + healthy[at + 1 :]
        cut = [b"\n".join(lines[:length]) for length in range(size + 1)]
        others = [
            b"",
            healthy + b"\n",
            healthy[:-1],
            healthy + b"\n" + lines[-1],
            b"\n".join([lines[0], *lines[:0:-1]]),
        ]
        headless = [b"\n".join(lines[1:]), b"\n" + healthy]
        for damaged in (flipped, *cut, *others, *headless):
            store.put(key, damaged)
            assert any(finding.key == key for finding in check_model(open_log(store), read_data=False).findings)
            with pytest.raises(IntegrityError):
                open_log(store).read()
            with pytest.raises(IntegrityError):
                use_index(None, lambda index: catch_up(index, store, MODEL))
        store.put(key, healthy)
        store.delete(key)
        with pytest.raises(IntegrityError, match="missing"):
            open_log(store).read()
        assert check_model(open_log(store), read_data=False).findings[0].key == key
        store.put(key, healthy)
    assert open_log(store).read() == expected


def test_a_group_of_one_and_an_object_inside_a_group_are_damage(plain: MemoryStore) -> None:
    store = regrouped(plain, [1, 7])
    entries = entries_of(store)
    store.put(log_key(MODEL, 5), entries[4])
    assert [finding.key for finding in check_model(open_log(store), read_data=False).findings] == [log_key(MODEL, 5)]
    assert read_log(store) == entries, "readers pass over it"
    store.delete(log_key(MODEL, 5))
    key = log_key(MODEL, LENGTH)
    body = store.objects[key]
    store.put(key, encode({"entries": 1, "digest": digest_of_bytes(body)}) + b"\n" + body)
    with pytest.raises(IntegrityError, match="not whole"):
        open_log(store).read()


def test_a_hint_that_speaks_of_the_midst_of_a_group_is_named_and_misleads_no_writer(plain: MemoryStore) -> None:
    before = regrouped(plain, [])
    for seq in range(20, LENGTH + 1):
        before.delete(log_key(MODEL, seq))
    set_tags(open_log(before), 1, {"the next": "writer"})  # it is entry 20
    store = regrouped(plain, [18, 5])
    for seq in (20, 19):
        before.delete(log_key(MODEL, seq))
    store.put(hint_key(MODEL), before.objects[hint_key(MODEL)])
    hint = check_model(open_log(store), read_data=False).hints
    assert hint_key(MODEL) in {finding.key for finding in hint}


def test_a_pin_inside_a_group_holds_and_is_held_against_others(plain: MemoryStore) -> None:
    entries = entries_of(plain)
    store = regrouped(plain, [2, 9, 4])
    pinned = {seq: Pin(MODEL, seq, digest_of_bytes(entries[seq - 1])) for seq in (1, 2, 7, 11, 13, LENGTH)}

    def uses(pin: Pin) -> list[Callable[[], object]]:
        log = ModelLog(store, MODEL, actor=_actor(store), clock=ticking(), pin=pin)
        return [log.read, lambda: use_index(None, lambda index: catch_up(index, store, MODEL, pin))]

    for seq, pin in pinned.items():
        for use in uses(pin):
            use()
        other = Pin(MODEL, seq, digest_of_bytes(b"another"))
        for use in uses(other):
            with pytest.raises(IntegrityError, match="pinned"):
                use()
    store.delete(log_key(MODEL, 12))
    for seq in range(16, LENGTH + 1):
        store.delete(log_key(MODEL, seq))
    for use in uses(pinned[13]):
        with pytest.raises(IntegrityError, match="rolled back"):
            use()


def _actor(store: Store):  # type: ignore[no-untyped-def]
    return next(iter(open_log(store).entries())).envelope.actor


@given(st.lists(st.binary(min_size=1).filter(lambda line: b"\n" not in line), min_size=1, max_size=5), st.data())
def test_what_is_joined_is_parted_and_what_was_cut_is_not(entries: list[bytes], data: st.DataObject) -> None:
    whole = joined(entries)
    assert parted(whole, "here") == entries
    assert len(entries) > 1 or whole == entries[0]
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        found = parted(cut, "here")
    except MlopsError:
        return
    assert found == [cut], "a part of a group is at most taken for one entry, which cannot be read"
