"""Looks at an evaluation set are counted once, whoever else counts at the same time."""

from __future__ import annotations

import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.errors import RemoteError
from mlops_ci.records.entry import Revealed
from mlops_ci.registry.biography import describe
from mlops_ci.registry.looks import look_of, numbers_of, reveal, spend_looks
from mlops_ci.registry.state import Look
from mlops_ci.workspace.layout import hint_key
from mlops_ci.workspace.local import LocalStore
from tests.registry.interloper import InterloperStore
from tests.registry.making import MODEL, open_log
from tests.workspace.memory import MemoryStore


def test_a_look_is_known_by_what_is_compared_on_what_and_how() -> None:
    baseline: Mapping[str, str | None] = {"baseline": "b"}
    look = look_of("candidate", baseline, "set", "rule")
    assert look == look_of("candidate", {"baseline": "b"}, "set", "rule")
    others = [
        look_of("other", baseline, "set", "rule"), look_of("candidate", {"baseline": None}, "set", "rule"),
        look_of("candidate", baseline, "other", "rule"), look_of("candidate", baseline, "set", "other"),
    ]  # fmt: skip
    assert len({look, *others}) == 5


def test_the_same_comparison_is_one_look_however_often_it_is_made() -> None:
    log = open_log(MemoryStore())
    assert [spend_looks(log, "set", ["a"]), spend_looks(log, "set", ["a", "a"]), spend_looks(log, "set", [])] == [
        {"a": 1}, {"a": 1}, {},
    ]  # fmt: skip
    assert log.read().head == 1
    assert spend_looks(log, "another set", ["a"]) == {"a": 1}


def test_rules_that_are_asked_together_are_one_look() -> None:
    log = open_log(MemoryStore())
    assert spend_looks(log, "set", ["a", "b", "c"]) == {"a": 1, "b": 1, "c": 1}
    assert spend_looks(log, "set", ["x"]) == {"x": 2}


def test_a_rule_that_is_added_is_a_look_of_its_own() -> None:
    log = open_log(MemoryStore())
    spend_looks(log, "set", ["a", "b"])
    assert spend_looks(log, "set", ["a", "b", "c"]) == {"a": 1, "b": 1, "c": 2}
    assert spend_looks(log, "set", ["a", "b"]) == {"a": 1, "b": 1}
    assert log.read().head == 2


def test_to_drop_a_rule_after_it_was_seen_is_a_new_look() -> None:
    log = open_log(MemoryStore())
    spend_looks(log, "set", ["a", "b"])
    assert spend_looks(log, "set", ["a"]) == {"a": 2}
    assert spend_looks(log, "set", ["b"]) == {"b": 3}
    assert spend_looks(log, "set", ["a", "b"]) == {"a": 1, "b": 1}


@given(st.lists(st.sets(st.sampled_from("abcdef"), min_size=1), max_size=12))
def test_every_look_that_a_verdict_counts_on_was_asked_as_a_whole(wanted: list[set[str]]) -> None:
    looks: list[Look] = []
    for asked in wanted:
        numbers = numbers_of(looks, asked)
        assert set(numbers) == asked
        if new := {one for one, number in numbers.items() if number > len(looks)}:
            looks.append(Look(frozenset(new)))
        assert all(looks[number - 1].asked <= asked for number in numbers.values())
        assert numbers_of(looks, asked) == numbers, "asking again changes it"


def test_looks_after_the_last_are_not_recorded() -> None:
    log = open_log(MemoryStore())
    assert [spend_looks(log, "set", [name], most=2) for name in "abcda"] == [
        {"a": 1}, {"b": 2}, {"c": 3}, {"d": 3}, {"a": 1},
    ]  # fmt: skip
    assert log.read().head == 2
    assert spend_looks(log, "set", ["d"], most=3) == {"d": 3}
    assert log.read().head == 3


def test_looks_are_counted_once_when_a_race_is_lost() -> None:
    store = InterloperStore()
    store.interlope = lambda: spend_looks(open_log(store), "set", ["a", "b"])
    assert spend_looks(open_log(store), "set", ["b", "c"]) == {"b": 2, "c": 2}
    store.interlope = lambda: spend_looks(open_log(store), "set", ["d"])
    assert spend_looks(open_log(store), "set", ["d"]) == {"d": 3}
    store.interlope = lambda: spend_looks(open_log(store), "set", ["e"])
    assert spend_looks(open_log(store), "set", ["f"], most=4) == {"f": 5}
    assert [look.asked for look in open_log(store).read().looks["set"]] == [{"a", "b"}, {"b", "c"}, {"d"}, {"e"}]


def test_jobs_at_the_same_time_get_numbers_of_their_own(tmp_path: Path) -> None:
    def work(seed: int) -> dict[str, int]:
        chance, log, numbers = random.Random(seed), open_log(LocalStore(tmp_path / "workspace")), dict[str, int]()
        names = [str(n) for n in range(6)] + [f"{seed} {n}" for n in range(6)]
        for name in chance.sample(names, len(names)):
            numbers |= spend_looks(log, "set", [name])
        return numbers

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(work, range(4)))
    looks = open_log(LocalStore(tmp_path / "workspace")).read().looks["set"]
    assert sorted(next(iter(look.asked)) for look in looks) == sorted({name for numbers in told for name in numbers})
    for numbers in told:
        assert all(looks[number - 1].asked == {name} for name, number in numbers.items())


def test_a_look_remembers_what_was_told_before_it() -> None:
    log = open_log(MemoryStore())
    spend_looks(log, "set", ["a"])
    spend_looks(log, "set", ["b"])
    reveal(log, Revealed("set", 1, passed=True, values=15))
    spend_looks(log, "set", ["c"])
    reveal(log, Revealed("set", 2, passed=False))
    reveal(log, Revealed("another set", 1, passed=True))
    spend_looks(log, "set", ["d"])
    reveal(log, Revealed("set", 3, passed=True))
    spend_looks(log, "set", ["e"])
    assert [look.told for look in log.read().looks["set"]] == [(), (), (15,), (15,), (15, 1)]


def test_what_was_told_is_recorded_once_and_never_taken_back() -> None:
    log = open_log(MemoryStore())
    spend_looks(log, "set", ["a"])
    for told, head in [
        (Revealed("set", 1, passed=False), 2), (Revealed("set", 1, passed=False), 2),
        (Revealed("set", 1, passed=True), 3), (Revealed("set", 1, passed=True, values=15), 4),
        (Revealed("set", 1, passed=True, values=15), 4), (Revealed("set", 1, passed=True), 4),
        (Revealed("set", 1, passed=False), 4),
    ]:  # fmt: skip
        reveal(log, told)
        assert log.read().head == head
    assert [describe(entry) for entry in log.entries()] == [
        "a look at evaluation set set: 1 comparison", "look 1 at evaluation set set did not pass",
        "look 1 at evaluation set set passed", "look 1 at evaluation set set passed",
    ]  # fmt: skip


class _Dying(MemoryStore):
    """Fails all writes from now on once it is told to."""

    dead = False

    def create(self, key: str, data: bytes) -> bool:
        if self.dead:
            raise RemoteError("the line is dead")
        return super().create(key, data)


def test_a_look_that_was_spent_and_never_told_is_told_by_the_next_run() -> None:
    store = _Dying()
    assert spend_looks(open_log(store), "set", ["a"]) == {"a": 1}
    store.dead = True
    with pytest.raises(RemoteError):
        reveal(open_log(store), Revealed("set", 1, passed=True))
    store.dead = False
    assert spend_looks(open_log(store), "set", ["a"]) == {"a": 1}
    reveal(open_log(store), Revealed("set", 1, passed=True))
    state = open_log(store).read()
    assert (len(state.looks["set"]), state.revealed["set"]) == (1, {1: Revealed("set", 1, passed=True)})


def test_looks_are_read_from_checkpoints_as_from_the_log() -> None:
    store = MemoryStore()
    for number in range(70):
        log = open_log(store)
        spend_looks(log, "set", [str(number)])
        reveal(log, Revealed("set", number + 1, passed=number % 9 == 0))
    state = open_log(store).read()
    store.delete(hint_key(MODEL))
    assert open_log(store).read() == state
    assert len(state.looks["set"][-1].told) == 8
