"""Hints make reading quick, and never change what is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.errors import IntegrityError
from mlops_ci.records.codec import decode
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.hint import Checkpoint, Hint
from mlops_ci.registry.check import check_model
from mlops_ci.registry.hints import read_hint
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.quick import resolve_quickly
from mlops_ci.registry.register import register
from mlops_ci.registry.state import ModelState
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.layout import (
    hint_key,
    log_key,
    log_prefix,
)
from tests.registry.conftest import Make
from tests.registry.interloper import InterloperStore
from tests.registry.long_logs import (
    CountingStore,
    damages_of,
    grow,
    lie,
    require_same,
)
from tests.registry.making import MODEL, open_log, sha
from tests.workspace.memory import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return InterloperStore()


def test_a_damaged_hint_changes_nothing_and_is_named(store: MemoryStore, healthy: ModelState) -> None:
    key = hint_key(MODEL)
    data = store.objects[key]
    flipped = [data[:n] + bytes([data[n] ^ 1]) + data[n + 1 :] for n in range(0, len(data), 7)]
    for damaged in [*damages_of(data, data.replace(b'"champion"', b'"chempion"')), *flipped]:
        store.delete(key) if damaged is None else store.put(key, damaged)
        require_same(store, healthy)
        assert key in {hint.key for hint in check_model(open_log(store), read_data=False).hints}
    store.put(key, data)
    assert check_model(open_log(store), read_data=False).hints == ()


def test_checkpoints_of_a_hint_that_leave_gaps_or_overlap_change_nothing(
    store: MemoryStore, healthy: ModelState
) -> None:
    hint = read_hint(store, MODEL)
    assert hint is not None
    one, two, three = hint.checkpoints
    for false in [(two, three), (one, three), (three, two, one), (one, one, two), (two,), (Checkpoint(1, 30, "x"),)]:
        lie(store, hint, checkpoints=false)
        require_same(store, healthy)


def test_a_hint_ahead_of_the_log_is_a_missing_entry(store: MemoryStore, healthy: ModelState) -> None:
    for last in (30, 29, 28):
        store.delete(log_key(MODEL, last))  # at last all that lacks is in a checkpoint
        with pytest.raises(IntegrityError, match="missing"):
            open_log(store).read()
        with pytest.raises(IntegrityError, match="missing"):
            set_tags(open_log(store), 1, {"a": "b"})


@pytest.mark.parametrize("head", [10**6, 10**15, 2**63 - 1])
def test_a_hint_far_ahead_of_the_log_is_refused_at_once(store: MemoryStore, healthy: ModelState, head: int) -> None:
    hint = read_hint(store, MODEL)
    assert hint is not None
    lie(store, hint, head=head)
    with pytest.raises(IntegrityError, match="missing"):
        open_log(store).read()


@pytest.mark.parametrize("number", ["00000000000000001000", "99999999999999999999"])
def test_a_file_named_as_an_entry_far_ahead_is_refused_at_once(
    store: MemoryStore, healthy: ModelState, number: str
) -> None:
    store.delete(hint_key(MODEL))
    store.put(f"{log_prefix(MODEL)}{number}.json", b"{}")
    with pytest.raises(IntegrityError, match="missing"):
        open_log(store).read()
    assert check_model(open_log(store), read_data=False).findings


def test_a_newest_entry_that_has_changed_shows_against_the_hint(store: MemoryStore, healthy: ModelState) -> None:
    key = log_key(MODEL, 30)
    store.put(key, store.objects[key].replace(b'"tester"', b'"forger"'))
    log = open_log(store)
    for _ in range(2):
        with pytest.raises(IntegrityError, match="vouches") as caught:
            log.read()
        assert caught.value.where == key
    assert [finding.key for finding in check_model(open_log(store), read_data=False).findings] == [key]


def test_a_hint_of_another_log_that_has_grown_since_is_not_believed(store: MemoryStore, healthy: ModelState) -> None:
    hint = read_hint(store, MODEL)
    assert hint is not None
    lie(store, hint, head=20, head_digest=digest_of_bytes(b"another"))
    require_same(store, healthy)
    assert [one.key for one in check_model(open_log(store), read_data=False).hints] == [hint_key(MODEL)]


def test_an_alias_is_resolved_in_three_requests(store: MemoryStore, make: Make, tmp_path: Path) -> None:
    grow(store, make, 200)
    counting = CountingStore(store)
    version = resolve_quickly(open_log(counting), "champion")
    assert counting.requests == {"get": 3}
    assert version == open_log(store).read().alias("champion")


def test_a_hint_that_is_behind_gives_way_to_the_log(store: MemoryStore, make: Make) -> None:
    grow(store, make, 5)
    stale = store.objects[hint_key(MODEL)]
    move_alias(open_log(store), "champion", 1, rollback=True, reason=None)
    store.put(hint_key(MODEL), stale)
    assert resolve_quickly(open_log(store), "champion").version == 1


@pytest.mark.parametrize("field", ["digest", "attempt", "fingerprint", "version", "entry", "metrics", "commit"])
def test_a_hint_that_lies_about_a_version_is_refused(store: MemoryStore, make: Make, field: str) -> None:
    grow(store, make, 5)
    hint = read_hint(store, MODEL)
    assert hint is not None
    lies: dict[str, Any] = {"version": 7, "entry": 1, "metrics": {"auc": 1.0}}
    false = replace(hint.aliases["champion"], **{field: lies.get(field, "other")})
    lie(store, hint, aliases={"champion": false})
    with pytest.raises(IntegrityError, match="hint"):
        resolve_quickly(open_log(store), "champion")


@pytest.mark.parametrize("selector", ["v2", "2", sha(2)[:9], sha(2)])
def test_a_hint_has_no_say_about_numbers_and_commits(
    store: MemoryStore, versions: Callable[[int], object], selector: str
) -> None:
    versions(2)
    hint = read_hint(store, MODEL)
    assert hint is not None
    lie(store, hint, aliases={selector: open_log(store).read().versions[1]})
    assert resolve_quickly(open_log(store), selector).version == 2


def test_a_hint_survives_being_written_and_read(store: MemoryStore, make: Make) -> None:
    register(open_log(store), make(sha(1), "f1", metrics={"a": 1, "b": float("nan"), "c": 1e300}, params={"x": 2**60}))
    move_alias(open_log(store), "champion", 1, rollback=False, reason=None)
    assert read_hint(store, MODEL) == decode(store.objects[hint_key(MODEL)], Hint, where="")
