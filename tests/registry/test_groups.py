"""Entries that are grouped in objects read as if each were an object of its own, however they are grouped."""

from __future__ import annotations

import sqlite3
import tempfile
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mlops_ci.lifecycle.copying import copy_workspace
from mlops_ci.registry.check import check_model
from mlops_ci.registry.hints import read_hint
from mlops_ci.registry.index import catch_up, use_index
from mlops_ci.registry.log_reader import LogReader
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.quick import resolve_quickly
from mlops_ci.registry.register import register
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.layout import hint_key, log_key, log_prefix
from tests.registry.conftest import Make
from tests.registry.grouping import LENGTH, entries_of, groupings, regrouped, require_same
from tests.registry.long_logs import CountingStore, damages_of, grow, read_log, stored_checkpoints
from tests.registry.making import MODEL, open_log, registration, require_whole, sha
from tests.workspace.memory import MemoryStore


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=groupings)
@example(sizes=[])
@example(sizes=[LENGTH])
@example(sizes=[1, 1, 1, LENGTH])
def test_any_grouping_reads_the_same(plain: MemoryStore, sizes: list[int]) -> None:
    require_same(regrouped(plain, sizes), plain)


@pytest.mark.usefixtures("small")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=groupings, data=st.data())
def test_any_grouping_reads_the_same_by_hints_and_checkpoints_too(
    plain: MemoryStore, sizes: list[int], data: st.DataObject
) -> None:
    store, expected = regrouped(plain, sizes), regrouped(plain, [])
    set_tags(open_log(store), 1, {"the next": "writer"})  # who writes what can be rebuilt
    expected.put(log_key(MODEL, LENGTH + 1), store.objects[log_key(MODEL, LENGTH + 1)])
    plain = expected
    require_same(store, plain)
    assert check_model(open_log(store), read_data=False).hints == ()
    found = stored_checkpoints(store)
    numbers = {number for item in store.list(log_prefix(MODEL)) for number in [int(item.key[-25:-5])]}
    assert {last for _, last in found.values()} <= numbers, "a checkpoint ends where no object begins"
    assert any(last >= 12 for _, last in found.values()) or max(sizes, default=0) > 4
    key = data.draw(st.sampled_from(sorted(found) or [hint_key(MODEL)]))
    damaged = data.draw(st.sampled_from(damages_of(store.objects[key], b"{}")))
    store.delete(key) if damaged is None else store.put(key, damaged)
    require_same(store, plain)


@pytest.mark.usefixtures("small")
@settings(max_examples=40, deadline=None)
@given(turns=st.lists(st.integers(0, 11), min_size=1, max_size=12))
def test_a_log_that_grows_by_groups_and_single_entries_is_a_log(turns: list[int]) -> None:
    """0 is an entry by itself; each writer reads what the one before it has left."""
    store, tags = MemoryStore(), 0
    with tempfile.TemporaryDirectory() as folder:
        register(open_log(store), registration(Path(folder), sha(1), "f1"))
        for number, turn in enumerate(turns):
            log = open_log(store)

            def work(log: ModelLog = log, number: int = number, turn: int = turn) -> None:
                for one in range(max(1, turn)):
                    set_tags(log, 1, {f"t{number}": str(one)})

            work() if turn == 0 else log.together(work)
            tags += max(1, turn)
            assert open_log(store).read() == log.read()
            assert read_log(store) == entries_of(store)
        state = require_whole(store)
    assert state.head == 1 + tags
    assert len(list(store.list(log_prefix(MODEL)))) == 1 + len(turns)
    assert check_model(open_log(store), read_data=False).hints == ()


def _tag_often(log: ModelLog, value: str, count: int) -> None:
    for number in range(count):
        set_tags(log, 1, {"grouped": f"{value} {number}"})


@pytest.mark.usefixtures("small")
def test_checkpoints_around_large_groups_stay_few(make: Make) -> None:
    store = MemoryStore()
    grow(store, make, 4)
    log = open_log(store)
    for turn in range(30):
        for number in range(5):
            set_tags(log, 1, {"single": f"{turn} {number}"})
        log.together(partial(_tag_often, log, f"{turn}", 13))
    hint = read_hint(store, MODEL)
    assert hint
    assert hint.head == 4 + 30 * 18
    assert len(hint.checkpoints) < hint.head / 36 + 5, "those of less than 36 entries are merged"
    assert open_log(store).read() == log.read()
    assert check_model(open_log(store), read_data=False).hints == ()


def test_an_index_goes_on_from_a_group_and_sees_when_it_was_another(plain: MemoryStore, tmp_path: Path) -> None:
    store, file = regrouped(plain, [LENGTH - 3, 3]), tmp_path / "index"
    use_index(file, lambda index: catch_up(index, store, MODEL))
    log = open_log(store)
    log.together(lambda: [set_tags(log, 1, {"n": str(number)}) for number in range(3)])
    counting = CountingStore(store)
    use_index(file, lambda index: catch_up(index, counting, MODEL))
    assert counting.requests["get"] <= 4, "it was not read anew"
    forged = regrouped(plain, [LENGTH - 3])
    set_tags(open_log(forged), 1, {"other": "log"})

    def head(index: sqlite3.Connection) -> object:
        catch_up(index, forged, MODEL)
        return index.execute("select head from models").fetchone()

    assert use_index(file, head) == (LENGTH - 3 + 3 + 1,)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=groupings)
def test_a_copy_has_the_same_groups(plain: MemoryStore, sizes: list[int]) -> None:
    source, target = regrouped(plain, sizes), MemoryStore()
    copy_workspace(source, target)
    assert {k: v for k, v in target.objects.items() if k.startswith(log_prefix(MODEL))} == {
        k: v for k, v in source.objects.items() if k.startswith(log_prefix(MODEL))
    }
    require_same(target, plain)
    log = open_log(source)
    log.together(lambda: [set_tags(log, 1, {"n": str(number)}) for number in range(3)])
    copy_workspace(source, target)
    assert open_log(target).read() == open_log(source).read()


def test_a_group_is_read_with_few_looks_in_vain(plain: MemoryStore) -> None:
    store = CountingStore(regrouped(plain, [LENGTH]))
    list(LogReader(store, MODEL).after(0))
    assert store.requests["get"] <= 4  # the hint, the group, and one look for more
    alias = resolve_quickly(open_log(store), "champion")
    assert alias.version == 2


def test_an_alias_of_a_version_inside_a_group_is_resolved_by_the_hint(plain: MemoryStore) -> None:
    store = regrouped(plain, [3])
    log = open_log(store)
    move_alias(log, "staging", 2, rollback=False, reason=None)
    counting = CountingStore(store)
    assert resolve_quickly(open_log(counting), "staging").version == 2
    assert counting.requests == {"get": 5}  # the hint, twice; a look for more, one for the entry, and for its group
