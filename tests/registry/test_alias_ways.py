"""Aliases that are taken away, and the way back of one that went wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from mlops_ci.errors import ConflictError, IntegrityError, UsageError
from mlops_ci.records.entry import Alias, Body, Unalias
from mlops_ci.registry.aliases import remove_alias, version_before, way_of
from mlops_ci.registry.biography import describe
from mlops_ci.registry.delete import HOLD, delete_version, hold, let_go, protect
from mlops_ci.registry.deploy import release_unneeded
from mlops_ci.registry.index import catch_up, use_index
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.outbox import Outbox, Sink
from mlops_ci.registry.past import moments
from mlops_ci.registry.promote import move_alias, promote_judged
from mlops_ci.registry.quick import resolve_quickly
from mlops_ci.registry.search import Query, search
from tests.registry.interloper import InterloperStore
from tests.registry.making import MODEL, judged, open_log, require_whole, ticking


@pytest.fixture
def store() -> InterloperStore:
    return InterloperStore()


@pytest.fixture
def five(log: ModelLog, versions: Callable[[int], object]) -> ModelLog:
    versions(5)
    return log


def _move(log: ModelLog, *path: int) -> None:
    for version in path:
        move_alias(log, "champion", version, rollback=True, reason=None)


def _back(log: ModelLog) -> int:
    version = version_before(log.read(), log.entries(), "champion")
    _move(log, version)
    return version


def test_going_back_leads_ever_further_back_and_never_to_what_was_gone_back_from(five: ModelLog) -> None:
    _move(five, 1, 2, 3)
    assert _back(five) == 2
    _move(five, 4)
    assert [_back(five), _back(five)] == [2, 1]
    with pytest.raises(UsageError, match="no other version before"):
        _back(five)


def test_deleted_versions_are_passed_over_on_the_way_back(five: ModelLog) -> None:
    _move(five, 1, 2, 3)
    delete_version(five, 2)
    assert _back(five) == 1


def test_another_alias_has_a_way_of_its_own(five: ModelLog) -> None:
    _move(five, 1, 3)
    move_alias(five, "staging", 2, rollback=False, reason=None)
    assert way_of(five.entries(), "champion") == [1, 3]
    assert way_of(five.entries(), "staging") == [2]
    with pytest.raises(UsageError, match="never was an alias"):
        version_before(five.read(), five.entries(), "nobody")


def test_an_alias_that_is_taken_away_leaves_no_trace_but_its_entries(store: InterloperStore, five: ModelLog) -> None:
    _move(five, 2)
    assert remove_alias(five, "champion", reason="the project ended") == 2
    assert remove_alias(five, "champion", reason="again") is None
    state = require_whole(store)
    assert state.aliases == {}
    assert state.versions[2].aliases == ()
    with pytest.raises(UsageError, match="no alias 'champion'"):
        resolve_quickly(open_log(store), "champion")
    assert describe(list(five.entries())[-1]) == "champion taken away from v2: the project ended"
    assert delete_version(five, 2)

    def by_alias(database: object) -> int:
        catch_up(database, store, MODEL)  # type: ignore[arg-type]
        return len(list(search(database, Query(alias="champion"))))  # type: ignore[arg-type]

    assert use_index(None, by_alias) == 0


def test_an_alias_that_is_taken_away_can_be_given_again(five: ModelLog) -> None:
    _move(five, 1, 3)
    remove_alias(five, "champion", reason="broken")
    assert version_before(five.read(), five.entries(), "champion") == 3
    assert promote_judged(five, judged(five, 2), is_ancestor=lambda *_: True) == "promoted"
    assert moments(five.entries(), "champion")[2].aliases == {}


def test_an_alias_that_moves_meanwhile_is_taken_away_from_where_it_is(store: InterloperStore, five: ModelLog) -> None:
    _move(five, 1)
    store.interlope = lambda: _move(open_log(store), 2)
    assert remove_alias(five, "champion", reason="x") == 2
    assert require_whole(store).aliases == {}


def test_an_alias_that_never_was_cannot_be_taken_away(five: ModelLog) -> None:
    with pytest.raises(UsageError, match="no alias 'champion'"):
        remove_alias(five, "champion", reason="x")


def test_the_log_refuses_to_take_an_alias_from_where_it_is_not(five: ModelLog) -> None:
    _move(five, 2)
    wrong: list[Body] = [Unalias("champion", 1), Unalias("staging", 2)]
    for body in wrong:
        with pytest.raises(IntegrityError, match="from where it was not"):
            five.append(lambda _, body=body: body)  # type: ignore[misc]


def test_nobody_is_told_of_an_alias_that_is_gone(five: ModelLog) -> None:
    told: list[str] = []

    def send(event: object) -> None:
        told.append(str(event))

    sink = Sink("sink", lambda entry: isinstance(entry.body, Alias), send)
    outbox = Outbox(five, "workspace", sink, clock=ticking(), lease=timedelta(minutes=1))
    outbox.start()
    _move(five, 2)
    remove_alias(five, "champion", reason="x")
    assert outbox.due() == []
    assert len(outbox.deliver().superseded) == 1
    assert told == []


def test_a_version_that_a_person_protects_stays_whatever_deployments_do(five: ModelLog) -> None:
    assert hold(five, 3, "audit", reason="the regulator asks")
    assert not hold(five, 3, "audit", reason="twice")
    protect(five, 3, "audit")  # a deployment of the same name
    release_unneeded(five, "audit")
    assert five.read().versions[3].protections == (f"{HOLD}audit",)
    with pytest.raises(ConflictError, match="v3 is protected: audit") as caught:
        delete_version(five, 3)
    assert "models release model@v3 audit" in (caught.value.hint or "")
    assert let_go(five, 3, "audit", reason="it is over")
    assert not let_go(five, 3, "audit", reason="it is over")
    assert [describe(entry) for entry in five.entries()][-4] == "v3 protected for audit: the regulator asks"
    assert delete_version(five, 3)
