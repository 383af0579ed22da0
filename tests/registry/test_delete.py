"""Versions that are protected, released and deleted, alone and in races."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mlops_ci.errors import ConflictError, IntegrityError, UsageError
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.registry.biography import describe
from mlops_ci.registry.check import check_model
from mlops_ci.registry.delete import delete_version, protect, release
from mlops_ci.registry.judge import record_evaluation, record_verdict
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.promote import move_alias, promote_judged
from mlops_ci.registry.quick import resolve_quickly
from mlops_ci.registry.references import resolve
from mlops_ci.registry.register import register
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.layout import hint_key, log_key
from tests.registry.conftest import Make
from tests.registry.interloper import InterloperStore
from tests.registry.making import MODEL, judged, open_log, sha, verdict


@pytest.fixture
def store() -> InterloperStore:
    return InterloperStore()


@pytest.fixture
def three(log: ModelLog, versions: Callable[[int], object]) -> ModelLog:
    versions(3)
    return log


def _live(store: InterloperStore) -> list[int]:
    check = check_model(open_log(store), read_data=True)
    assert check.findings == ()
    return list(open_log(store).read().versions)


def test_a_deleted_version_is_gone_and_its_number_never_comes_back(
    store: InterloperStore, three: ModelLog, make: Make
) -> None:
    assert delete_version(three, 3, reason="wrong labels")
    assert _live(store) == [1, 2]
    assert register(three, make(sha(4), "f4")).version.version == 4
    again = register(three, make(sha(3), "f3"))
    assert (again.version.version, again.how) == (5, "created")
    assert _live(store) == [1, 2, 4, 5]
    assert not delete_version(three, 3)
    assert open_log(store).read().deleted == {3}


def test_a_model_whose_versions_are_all_deleted_is_still_known(store: InterloperStore, three: ModelLog) -> None:
    for number in (1, 2, 3):
        delete_version(three, number)
    assert _live(store) == []
    with pytest.raises(UsageError, match="v2 was deleted"):
        resolve(three.read(), "v2")
    with pytest.raises(UsageError, match="no version of commit"):
        resolve(three.read(), sha(2))


def test_a_version_that_never_was_cannot_be_deleted(three: ModelLog) -> None:
    with pytest.raises(UsageError, match="no version 9"):
        delete_version(three, 9)


def test_what_is_in_use_is_not_deleted(store: InterloperStore, three: ModelLog) -> None:
    move_alias(three, "champion", 2, rollback=False, reason=None)
    protect(three, 3, "endpoint-a")
    protect(three, 3, "endpoint-b")
    protect(three, 3, "endpoint-a")
    for number, match in ((2, "champion points to v2"), (3, "v3 is deployed: endpoint-a, endpoint-b")):
        with pytest.raises(ConflictError, match=match) as caught:
            delete_version(three, number)
        assert caught.value.exit_code == 4
    assert [release(three, 3, "endpoint-a"), release(three, 3, "endpoint-a")] == [True, False]
    with pytest.raises(ConflictError, match="endpoint-b"):
        delete_version(three, 3)
    with pytest.raises(UsageError, match="needs a reason"):
        release(three, 3, "endpoint-b", force=True)
    assert release(three, 3, "endpoint-b", force=True, reason="the cluster is gone")
    assert delete_version(three, 3)
    assert _live(store) == [1, 2]


def test_the_biography_tells_it_in_sentences(three: ModelLog) -> None:
    protect(three, 3, "endpoint")
    release(three, 3, "endpoint", force=True, reason="the cluster is gone")
    protect(three, 3, "other")
    release(three, 3, "other")
    delete_version(three, 3, reason="wrong labels")
    assert [describe(entry) for entry in three.entries_after(3)] == [
        "v3 protected for endpoint",
        "v3 released from endpoint by force: the cluster is gone",
        "v3 protected for other",
        "v3 released from other",
        "v3 deleted: wrong labels",
    ]


def test_an_alias_that_moves_onto_a_version_meanwhile_keeps_it(store: InterloperStore, three: ModelLog) -> None:
    store.interlope = lambda: move_alias(open_log(store), "champion", 3, rollback=False, reason=None)
    with pytest.raises(ConflictError, match="champion points to v3"):
        delete_version(three, 3)
    assert _live(store) == [1, 2, 3]


def test_a_protection_meanwhile_keeps_a_version(store: InterloperStore, three: ModelLog) -> None:
    store.interlope = lambda: protect(open_log(store), 3, "endpoint")
    with pytest.raises(ConflictError, match="endpoint"):
        delete_version(three, 3)
    assert _live(store) == [1, 2, 3]


def test_of_two_who_delete_one_does(store: InterloperStore, three: ModelLog) -> None:
    store.interlope = lambda: delete_version(open_log(store), 3)
    assert not delete_version(three, 3)
    assert open_log(store).read().head == 4


def _linear(ancestor: str, descendant: str) -> bool:
    return (ancestor, descendant) == (sha(1), sha(3))


def _promote(log: ModelLog) -> None:
    request = judged(log, 3)
    store = log.store
    assert isinstance(store, InterloperStore)
    store.interlope = lambda: delete_version(open_log(store), 3)
    promote_judged(log, request, is_ancestor=_linear)


WRITES: dict[str, Callable[[ModelLog], object]] = {
    "tag": lambda log: set_tags(log, 3, {"a": "b"}),
    "alias": lambda log: move_alias(log, "champion", 3, rollback=False, reason=None),
    "verdict": lambda log: record_verdict(log, 3, verdict(log.read().versions[3].digest)),
    "evaluation": lambda log: record_evaluation(log, 3, Evaluation(set="other", rows=1), None),
    "protect": lambda log: protect(log, 3, "endpoint"),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_deletion_that_wins_is_a_conflict_for_who_writes_about_the_version(
    store: InterloperStore, three: ModelLog, write: str
) -> None:
    store.interlope = lambda: delete_version(open_log(store), 3)
    with pytest.raises(ConflictError, match="v3 was deleted meanwhile") as caught:
        WRITES[write](three)
    assert caught.value.exit_code == 4
    assert _live(store) == [1, 2]


def test_a_deletion_that_wins_is_a_conflict_for_a_promotion(store: InterloperStore, three: ModelLog) -> None:
    with pytest.raises(ConflictError, match="v3 was deleted meanwhile"):
        _promote(three)
    assert _live(store) == [1, 2]


def test_a_link_to_a_version_that_is_deleted_meanwhile_becomes_a_version(
    store: InterloperStore, three: ModelLog, make: Make
) -> None:
    store.interlope = lambda: delete_version(open_log(store), 3)
    done = register(three, make(sha(9), "f3"))
    assert (done.version.version, done.how, done.version.commit) == (4, "created", sha(9))
    assert _live(store) == [1, 2, 4]


def test_a_version_of_an_alias_that_the_hint_remembers_wrongly_is_not_served_after_its_deletion(
    store: InterloperStore, three: ModelLog
) -> None:
    move_alias(three, "champion", 2, rollback=False, reason=None)
    stale = store.objects[hint_key(MODEL)]
    move_alias(three, "champion", 3, rollback=False, reason=None)
    delete_version(three, 2)
    store.put(hint_key(MODEL), stale)
    assert resolve_quickly(open_log(store), "champion").version == 3


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "delete of what never was": ({"op": "delete", "version": 9}, "does not exist"),
    "delete of what is aliased": ({"op": "delete", "version": 2}, "while it is in use"),
    "delete of what is protected": ({"op": "delete", "version": 3}, "while it is in use"),
    "delete of what is deleted": ({"op": "delete", "version": 1}, "does not exist"),
    "tag on what is deleted": ({"op": "tag", "version": 1, "set": {"a": "b"}}, "does not exist"),
    "link to what is deleted": ({"op": "link", "version": 1, "commit": sha(1)}, "does not exist"),
    "alias to what is deleted": ({"op": "alias", "version": 1, "alias": "x", "expect": None}, "does not exist"),
    "a protection twice": ({"op": "protect", "version": 3, "deployment": "endpoint"}, "twice"),
    "release of another": ({"op": "release", "version": 3, "deployment": "other"}, "unprotected"),
    "release of what is deleted": ({"op": "release", "version": 1, "deployment": "endpoint"}, "does not exist"),
    "a number that was used": ({"op": "register", "version": 1}, "follows version 3"),
    "a condemned upload": ({"op": "register", "version": 4, "attempt": "condemned"}, "condemned"),
    "a condemned evaluation": (
        {"op": "evaluation", "version": 3, "evaluation": {"set": "s", "rows": 1, "attempt": "condemned"}},
        "condemned",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_log_that_says_what_cannot_be_is_refused(store: InterloperStore, three: ModelLog, case: str) -> None:
    registered = json.loads(store.objects[log_key(MODEL, 3)])
    move_alias(three, "champion", 2, rollback=False, reason=None)
    protect(three, 3, "endpoint")
    delete_version(three, 1)
    _append(store, registered, op="gc", attempts=["condemned"])
    head = open_log(store).read().head
    fields, match = REFUSED[case]
    _append(store, registered, **{"fingerprint": "fresh", **fields})
    with pytest.raises(IntegrityError, match=match):
        open_log(store).read()
    assert [finding.key for finding in check_model(open_log(store), read_data=True).findings] == [
        log_key(MODEL, head + 1)
    ]


def _append(store: InterloperStore, like: dict[str, Any], **fields: Any) -> None:
    seq = sum(1 for _ in store.list(f"models/{MODEL}/log/"))
    entry = {**like, "seq": seq + 1, "prev": digest_of_bytes(store.objects[log_key(MODEL, seq)]), "txn": "x", **fields}
    assert store.create(log_key(MODEL, seq + 1), json.dumps(entry).encode())
