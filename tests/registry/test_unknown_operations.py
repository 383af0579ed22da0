"""Entries of operations that only a newer mlops-ci knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.errors import IntegrityError
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.entry import Revealed
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.registry import checkpoints
from mlops_ci.registry.aliases import remove_alias
from mlops_ci.registry.biography import describe
from mlops_ci.registry.check import check_model
from mlops_ci.registry.collect import collect
from mlops_ci.registry.delete import delete_version, hold, protect, release
from mlops_ci.registry.index import catch_up, use_index
from mlops_ci.registry.judge import record_evaluation, record_verdict
from mlops_ci.registry.looks import reveal, spend_looks
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.promote import move_alias, promote_judged
from mlops_ci.registry.quick import resolve_quickly
from mlops_ci.registry.register import register
from mlops_ci.registry.search import Query, search
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.layout import hint_key, log_key, model_file_key
from tests.registry.conftest import Make
from tests.registry.making import MODEL, judged, open_log, sha, verdict
from tests.workspace.memory import MemoryStore

LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def _sing(store: MemoryStore, *, must_understand: bool) -> None:
    """Append the entry of a newer mlops-ci, which knows no hints that we would know."""
    seq = open_log(store).read().head
    last = store.objects[log_key(MODEL, seq)]
    fields: dict[str, Any] = {"op": "sing", "must_understand": must_understand, "seq": seq + 1, "txn": "x", "song": [1]}
    entry = json.loads(last) | fields | {"prev": digest_of_bytes(last)}
    assert store.create(log_key(MODEL, seq + 1), json.dumps(entry).encode())


def _linear(ancestor: str, descendant: str) -> bool:
    return ancestor <= descendant


WRITES: dict[str, Callable[[ModelLog, Make], object]] = {
    "register": lambda log, make: register(log, make(sha(9), "f9")),
    "link": lambda log, make: register(log, make(sha(9), "f1")),
    "tag": lambda log, make: set_tags(log, 1, {"a": "b"}),  # noqa: ARG005
    "alias": lambda log, make: move_alias(log, "other", 1, rollback=False, reason=None),  # noqa: ARG005
    "unalias": lambda log, make: remove_alias(log, "champion", reason="x"),  # noqa: ARG005
    "hold": lambda log, make: hold(log, 1, "audit", reason="x"),  # noqa: ARG005
    "verdict": lambda log, make: record_verdict(log, 1, verdict(log.read().versions[1].digest)),  # noqa: ARG005
    "evaluation": lambda log, make: record_evaluation(log, 1, Evaluation(set="s", rows=1), None),  # noqa: ARG005
    "promotion": lambda log, make: promote_judged(log, judged(log, 3), is_ancestor=_linear),  # noqa: ARG005
    "protect": lambda log, make: protect(log, 1, "endpoint"),  # noqa: ARG005
    "release": lambda log, make: release(log, 2, "endpoint"),  # noqa: ARG005
    "delete": lambda log, make: delete_version(log, 3),  # noqa: ARG005
    "looks": lambda log, make: spend_looks(log, "set", ["a"]),  # noqa: ARG005
    "revealed": lambda log, make: reveal(log, Revealed("set", 1, passed=True)),  # noqa: ARG005
    "gc": lambda log, make: collect(log, now=LATER),  # noqa: ARG005
}


@pytest.fixture
def before(store: MemoryStore, log: ModelLog, versions: Callable[[int], object]) -> MemoryStore:
    """Three versions, one of them the champion and protected; an upload that is condemned, and one that is not."""
    versions(3)
    move_alias(log, "champion", 2, rollback=False, reason=None)
    protect(log, 2, "endpoint")
    store.create(model_file_key(MODEL, "condemned", "x"), b"x")
    collect(log, now=LATER)
    for attempt in ("condemned", "abandoned"):
        store.create(model_file_key(MODEL, attempt, "x"), b"x")
    return store


@pytest.mark.parametrize("write", WRITES)
def test_nothing_is_written_after_an_entry_that_must_be_understood(before: MemoryStore, make: Make, write: str) -> None:
    _sing(before, must_understand=True)
    objects = dict(before.objects)
    with pytest.raises(IntegrityError, match="sing") as caught:
        WRITES[write](open_log(before), make)
    assert caught.value.exit_code == 5
    assert before.objects == objects


def test_not_even_what_was_condemned_is_deleted_then(before: MemoryStore) -> None:
    before.delete(model_file_key(MODEL, "abandoned", "x"))
    _sing(before, must_understand=True)
    with pytest.raises(IntegrityError, match="sing"):
        collect(open_log(before), now=LATER)
    assert before.get(model_file_key(MODEL, "condemned", "x")) is not None


@pytest.mark.parametrize("must_understand", [True, False])
def test_it_is_read_all_the_same(before: MemoryStore, must_understand: bool) -> None:
    _sing(before, must_understand=must_understand)
    state = open_log(before).read()
    assert list(state.versions) == [1, 2, 3]
    assert resolve_quickly(open_log(before), "champion").version == 2
    assert check_model(open_log(before), read_data=True).findings == ()
    assert describe(list(open_log(before).entries())[-1]) == "sing (written by a newer mlops-ci)"


@pytest.mark.parametrize("write", WRITES)
def test_what_may_be_skipped_hinders_no_writer(before: MemoryStore, make: Make, write: str) -> None:
    _sing(before, must_understand=False)
    head = open_log(before).read().head
    WRITES[write](open_log(before), make)
    assert open_log(before).read().head > head
    assert check_model(open_log(before), read_data=True).findings == ()


def test_checkpoints_and_the_index_carry_what_is_not_understood(
    before: MemoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "INTERVAL", 4)
    for number in range(9):
        _sing(before, must_understand=False)
        set_tags(open_log(before), 1, {"n": str(number)})
    _sing(before, must_understand=True)

    def found(index: Any) -> list[int]:
        catch_up(index, before, MODEL)
        return [version.version for version in search(index, Query(model=MODEL, tags={"n": "8"}))]

    for _ in range(2):
        assert use_index(tmp_path / "index.sqlite", found) == [1]
    state = open_log(before).read()
    assert state.not_understood == ["sing"]
    before.delete(hint_key(MODEL))
    assert open_log(before).read() == state
    assert check_model(open_log(before), read_data=True).findings == ()
