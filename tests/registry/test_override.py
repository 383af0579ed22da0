"""A verdict is overridden by somebody with a reason, and only if there is something to override."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mlops_ci.errors import ConflictError, IntegrityError, MlopsError, UsageError
from mlops_ci.records.entry import Override, VerdictReference
from mlops_ci.registry.biography import describe
from mlops_ci.registry.delete import delete_version
from mlops_ci.registry.judge import record_verdict
from mlops_ci.registry.log_objects import joined, parted
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.override import overridden, override
from mlops_ci.registry.promote import move_alias
from mlops_ci.workspace.layout import log_key
from tests.registry.interloper import InterloperStore
from tests.registry.making import MODEL, open_log, require_whole, verdict


@pytest.fixture
def store() -> InterloperStore:
    return InterloperStore()


@pytest.fixture
def log(store: InterloperStore, versions: Callable[[int], object]) -> ModelLog:
    """Three versions of which the first is the champion; nobody has judged them."""
    versions(3)
    log = open_log(store)
    move_alias(log, "champion", 1, rollback=False, reason=None)
    return log


def refuse(log: ModelLog, version: int, outcome: Any = "fail") -> int:
    return record_verdict(log, version, verdict(log.read().versions[version].digest, outcome))


@pytest.mark.parametrize("outcome", ["fail", "inconclusive"])
def test_who_overrides_is_on_record_with_the_verdict_and_the_reason(log: ModelLog, outcome: str) -> None:
    seq = refuse(log, 2, outcome)
    done = override(log, "champion", 2, "  the test set is wrong ")
    assert done.moved
    state = require_whole(log.store)
    [record] = state.versions[2].overrides
    assert (record.by, record.reason, record.verdict) == ("tester", "the test set is wrong", seq)
    assert overridden(state.versions[2]) == "overridden by tester: the test set is wrong"
    said, moved = (describe(entry) for entry in list(log.entries())[-2:])
    assert said == f"v2, judged {outcome}, may be champion: overridden by tester: the test set is wrong"
    assert moved == f"champion moved from v1 to v2, by the override of entry {record.seq}: the test set is wrong"


def test_the_same_again_changes_nothing_and_after_a_rollback_it_is_said_anew(log: ModelLog) -> None:
    refuse(log, 2)
    override(log, "champion", 2, "one reason")
    head = log.read().head
    assert not override(log, "champion", 2, "another").moved
    assert log.read().head == head
    move_alias(log, "champion", 1, rollback=True, reason="it was no good")
    assert override(log, "champion", 2, "now it is").record.reason == "now it is"
    refuse(log, 2)
    assert overridden(log.read().versions[2]) is None


def test_an_override_that_was_cut_off_is_carried_on(log: ModelLog) -> None:
    verdict = VerdictReference(refuse(log, 2), log.read().versions[2].digest, "fail")
    log.append(lambda _: Override(2, "champion", verdict, "a reason"))
    done = override(open_log(log.store), "champion", 2, "a reason")
    assert (done.moved, done.record.seq) == (True, log.read().head - 1)
    assert require_whole(log.store).aliases["champion"].version == 2


@pytest.mark.parametrize(
    ("prepare", "version", "reason", "error", "match"),
    [
        (lambda _: None, 2, "a reason", UsageError, "no verdict that could be overridden"),
        (lambda log: refuse(log, 2, "pass"), 2, "a reason", UsageError, "nothing to override"),
        (lambda log: refuse(log, 2), 2, " \n", UsageError, "needs a reason"),
        (lambda log: refuse(log, 1), 1, "a reason", UsageError, "is the champion already"),
        (lambda log: delete_version(log, 2, reason=None), 2, "a reason", ConflictError, "was deleted"),
        (
            lambda log: (refuse(log, 2), move_alias(log, "champion", 3, rollback=False, reason=None)),
            2,
            "a reason",
            ConflictError,
            "v2 is older than v3",
        ),
    ],
)
def test_a_wrong_use_is_refused_and_leaves_nothing(
    log: ModelLog,
    prepare: Callable[[ModelLog], object],
    version: int,
    reason: str,
    error: type[MlopsError],
    match: str,
) -> None:
    prepare(log)
    head = log.read().head
    with pytest.raises(error, match=match):
        override(log, "champion", version, reason)
    assert log.read().head == head


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"version": 3}, "not its newest"),
        ({"verdict": {"seq": 1, "candidate": "", "outcome": "fail"}}, "not its newest"),
        ({"reason": " "}, "gives no reason"),
        ({"candidate": "sha256:other"}, "other bytes"),
        ({"outcome": "pass"}, "nothing to override"),
    ],
)
def test_the_fold_refuses_an_override_of_another_verdict(
    log: ModelLog, store: InterloperStore, change: dict[str, Any], match: str
) -> None:
    refuse(log, 2)
    override(log, "champion", 2, "a reason")
    key = log_key(MODEL, log.read().head - 1)
    entry, _ = map(json.loads, parted(store.get(key) or b"", key))
    within = {name: change[name] for name in ("candidate", "outcome") if name in change}
    store.put(key, json.dumps({**entry, **({"verdict": entry["verdict"] | within} if within else change)}).encode())
    with pytest.raises(IntegrityError, match=match):
        open_log(store).read()


def test_the_fold_refuses_an_alias_that_moves_by_an_override_that_is_not_there(
    log: ModelLog, store: InterloperStore
) -> None:
    refuse(log, 2)
    override(log, "champion", 2, "a reason")
    key = log_key(MODEL, log.read().head - 1)
    said, moved = parted(store.get(key) or b"", key)
    for wrong in ({"override": 1}, {"alias": "other", "expect": None}):
        store.put(key, joined([said, json.dumps(json.loads(moved) | wrong).encode()]))
        with pytest.raises(IntegrityError, match="an override that does not exist"):
            open_log(store).read()
