"""Looks at an evaluation set are counted once, whoever else counts at the same time."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mlops_ci.registry.looks import look_of, spend_looks
from mlops_ci.workspace.local import LocalStore
from tests.registry.interloper import InterloperStore
from tests.registry.making import open_log
from tests.workspace.memory import MemoryStore


def test_the_same_comparison_is_one_look_however_often_it_is_made() -> None:
    look = look_of("candidate", "baseline", "set", "rule")
    assert look == look_of("candidate", "baseline", "set", "rule")
    others = [
        look_of("other", "baseline", "set", "rule"), look_of("candidate", None, "set", "rule"),
        look_of("candidate", "baseline", "other", "rule"), look_of("candidate", "baseline", "set", "other"),
    ]  # fmt: skip
    assert len({look, *others}) == 5
    log = open_log(MemoryStore())
    assert [spend_looks(log, "set", [look]), spend_looks(log, "set", [look, look]), spend_looks(log, "set", [])] == [
        1
    ] * 3
    assert log.read().head == 1
    assert spend_looks(log, "set", others) == 5
    assert spend_looks(log, "another set", [look]) == 1


def test_looks_are_counted_once_when_a_race_is_lost() -> None:
    store = InterloperStore()
    store.interlope = lambda: spend_looks(open_log(store), "set", ["a", "b"])
    assert spend_looks(open_log(store), "set", ["b", "c"]) == 3
    store.interlope = lambda: spend_looks(open_log(store), "set", ["d"])
    assert spend_looks(open_log(store), "set", ["d"]) == 4
    assert open_log(store).read().looks == {"set": {"a", "b", "c", "d"}}


def _wanted(seed: int) -> list[list[str]]:
    chance = random.Random(seed)
    return [list(map(str, chance.sample(range(20), 3))) for _ in range(6)]


def test_threads_count_what_they_spend_together(tmp_path: Path) -> None:
    def work(seed: int) -> None:
        log = open_log(LocalStore(tmp_path / "workspace"))
        for looks in _wanted(seed):
            before = len(log.read().looks.get("set", ()))
            assert spend_looks(log, "set", looks) >= max(before, 3)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    state = open_log(LocalStore(tmp_path / "workspace")).read()
    spent = {
        str(n)
        for seed in range(4)
        for chance in [random.Random(seed)]
        for _ in range(6)
        for n in chance.sample(range(20), 3)
    }
    assert state.looks == {"set": spent}
