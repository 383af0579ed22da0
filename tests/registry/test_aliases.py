"""Aliases moved by a person's decision."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlops_ci.errors import ConflictError
from mlops_ci.records.entry import Alias
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.promote import Anywhere, move_alias
from mlops_ci.registry.register import Registered, register
from mlops_ci.workspace.store import Store
from tests.registry.conftest import Make
from tests.registry.interloper import InterloperStore
from tests.registry.making import judged, open_log, require_whole, sha

Versions = Callable[[int], list[Registered]]


Expected = int | Anywhere | None


def move(log: ModelLog, version: int, *, rollback: bool = False, expect: Expected = Anywhere.ANYWHERE) -> str:
    return move_alias(log, "champion", version, rollback=rollback, reason="because", expect=expect)


def champion(store: Store) -> int | None:
    found = require_whole(store).alias("champion")
    return found.version if found else None


def test_an_alias_moves_forward(store: Store, log: ModelLog, versions: Versions) -> None:
    versions(3)
    assert [move(log, 1), move(log, 3)] == ["promoted", "promoted"]
    state = require_whole(store)
    assert [version.aliases for version in state.versions.values()] == [(), (), ("champion",)]
    body = list(log.entries())[-1].body
    assert isinstance(body, Alias)
    assert (body.expect, body.version, body.reason) == (1, 3, "because")


def test_an_alias_that_points_there_already_is_unchanged(store: Store, log: ModelLog, versions: Versions) -> None:
    versions(1)
    move(log, 1)
    head = log.read().head
    assert move(log, 1) == "unchanged"
    assert log.read().head == head


def test_going_back_has_to_be_said(store: Store, log: ModelLog, versions: Versions) -> None:
    versions(2)
    move(log, 2)
    with pytest.raises(ConflictError, match="v1 is older than v2") as caught:
        move(log, 1)
    assert caught.value.hint == "say --rollback to go back"
    assert champion(store) == 2
    assert move(log, 1, rollback=True) == "promoted"
    assert champion(store) == 1


def test_aliases_are_independent(store: Store, log: ModelLog, versions: Versions) -> None:
    versions(2)
    move(log, 2)
    move_alias(log, "anchor", 1, rollback=False, reason=None)
    state = require_whole(store)
    assert {name: target.version for name, target in state.aliases.items()} == {"champion": 2, "anchor": 1}
    move_alias(log, "anchor", 2, rollback=False, reason=None)
    assert require_whole(store).versions[2].aliases == ("anchor", "champion")


def test_an_expectation_that_holds_is_no_obstacle(log: ModelLog, versions: Versions) -> None:
    versions(2)
    move(log, 1)
    assert move(log, 2, expect=1) == "promoted"


@pytest.mark.parametrize("now", [None, 2])
def test_an_expectation_that_does_not_hold_is_a_conflict(
    store: Store, log: ModelLog, versions: Versions, now: int | None
) -> None:
    versions(3)
    if now:
        move(log, now)
    with pytest.raises(ConflictError, match="not to v1"):
        move(log, 3, expect=1)
    assert champion(store) == now


def test_an_expectation_is_checked_again_after_a_lost_race(make: Make) -> None:
    store = InterloperStore()
    log = open_log(store)
    for number in (1, 2, 3):
        register(log, make(sha(number), f"f{number}"))
    move(log, 1)
    store.interlope = lambda: move(open_log(store), 2)
    with pytest.raises(ConflictError, match="points to v2, not to v1"):
        move(log, 3, expect=1)
    assert champion(store) == 2


def test_going_back_is_noticed_after_a_lost_race(make: Make) -> None:
    store = InterloperStore()
    log = open_log(store)
    for number in (1, 2, 3):
        register(log, make(sha(number), f"f{number}"))
    move(log, 1)
    store.interlope = lambda: move(open_log(store), 3)
    with pytest.raises(ConflictError, match="older than v3"):
        move(log, 2)
    assert champion(store) == 3


def test_a_decision_carries_the_verdict_that_the_version_has(log: ModelLog, versions: Versions) -> None:
    versions(2)
    move(log, 1)
    assert isinstance(unjudged := list(log.entries())[-1].body, Alias)
    assert unjudged.verdict is None
    promotion = judged(log, 2)
    move(log, 2)
    assert isinstance(body := list(log.entries())[-1].body, Alias)
    assert body.verdict == promotion.verdict


def test_an_alias_can_be_expected_not_to_exist(log: ModelLog, versions: Versions) -> None:
    versions(2)
    assert move(log, 1, expect=None) == "promoted"
    with pytest.raises(ConflictError, match="points to v1, not to nothing"):
        move(log, 2, expect=None)
