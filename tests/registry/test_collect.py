"""Garbage collection takes what nobody needs, and never what somebody does."""

from __future__ import annotations

import inspect
import os
import types
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlops_ci.errors import IntegrityError
from mlops_ci.records.entry import Body, Collect
from mlops_ci.records.evaluation import Evaluation
from mlops_ci.registry import register as registering
from mlops_ci.registry.check import check_model
from mlops_ci.registry.collect import collect, unused_objects
from mlops_ci.registry.delete import delete_version
from mlops_ci.registry.judge import record_evaluation
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import Registration, register
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.layout import attempt_of, model_file_key, objects_prefix
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.store import Store
from tests.registry.conftest import Make
from tests.registry.interloper import InterloperStore
from tests.registry.making import MODEL, local_file, open_log, sha
from tests.workspace.memory import MemoryStore

LATER = datetime(2100, 1, 1, tzinfo=UTC)


class DiedError(Exception):
    """The process is gone."""


@pytest.fixture
def store() -> InterloperStore:
    return InterloperStore()


def _abandon(store: MemoryStore, attempt: str = "abandoned", size: int = 9) -> str:
    key = model_file_key(MODEL, attempt, "model.bin")
    store.create(key, b"x" * size)
    return key


def require_nothing_dangling(store: MemoryStore) -> None:
    assert check_model(open_log(store), read_data=True).findings == ()


def test_abandoned_uploads_and_those_of_deleted_versions_go(store: InterloperStore, log: ModelLog, make: Make) -> None:
    for number in (1, 2, 3):
        register(log, make(sha(number), f"f{number}"))
    key = _abandon(store)
    assert [item.key for item in unused_objects(log)] == [key]
    delete_version(log, 2)
    planned = collect(log, now=LATER, dry_run=True)
    before = dict(store.objects)
    assert store.objects == before
    done = collect(log, now=LATER)
    assert (planned.attempts, planned.objects, planned.size) == (done.attempts, done.objects, done.size)
    assert len(done.objects) == 2
    assert key in done.objects
    assert before.keys() - store.objects.keys() == set(done.objects)
    require_nothing_dangling(store)
    head = log.read().head
    assert collect(log, now=LATER).objects == ()
    assert log.read().head == head, "nothing new was condemned, and an entry says so"
    assert log.read().condemned == set(done.attempts)


def test_what_is_young_is_spared(tmp_path: Path, make: Make) -> None:
    store = LocalStore(tmp_path / "workspace")
    log = open_log(store)
    register(log, make(sha(1), "f1"))
    store.create(model_file_key(MODEL, "young", "model.bin"), b"x")
    now = datetime.now(UTC)
    assert collect(log, now=now).objects == ()
    assert collect(log, now=now + timedelta(days=6, hours=23)).objects == ()
    assert collect(log, now=now + timedelta(minutes=2), grace=timedelta(minutes=1), dry_run=True).attempts == ("young",)
    assert collect(log, now=now + timedelta(days=7, hours=1)).attempts == ("young",)


def test_an_upload_with_one_young_object_is_spared_whole(store: InterloperStore, log: ModelLog) -> None:
    _abandon(store)
    store.create(model_file_key(MODEL, "abandoned", "late.bin"), b"y")
    moment = datetime.fromtimestamp(max(item.modified for item in store.list("")), UTC)
    assert collect(log, now=moment, grace=timedelta(0)).objects == ()


def test_an_upload_is_condemned_before_it_is_deleted(make: Make) -> None:
    class WatchingStore(MemoryStore):
        def delete(self, key: str) -> None:
            if key.startswith(objects_prefix(MODEL)):
                assert "abandoned" in open_log(self).read().condemned
            super().delete(key)

    store = WatchingStore()
    _abandon(store)
    assert collect(open_log(store), now=LATER).attempts == ("abandoned",)


class DyingStore(MemoryStore):
    """Dies at the N-th deletion."""

    left = 0

    def delete(self, key: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise DiedError
        super().delete(key)


@pytest.mark.parametrize("left", [0, 1, 2])
def test_what_a_dead_collector_condemned_is_deleted_by_the_next(left: int) -> None:
    store = DyingStore()
    for attempt in "abc":
        _abandon(store, attempt)
    store.left = left
    with pytest.raises(DiedError):
        collect(open_log(store), now=LATER)
    assert open_log(store).read().condemned == set("abc")
    store.left = 99
    done = collect(open_log(store), now=datetime(1970, 1, 2, tzinfo=UTC), grace=timedelta(days=9))
    assert len(done.objects) == 3 - left, "condemned is condemned, whatever its age"
    assert list(store.list(objects_prefix(MODEL))) == []


def _stall(store: InterloperStore, *more: Callable[[], object]) -> None:
    """While a writer is about to write its entry, somebody else collects everything that it has uploaded."""

    def interlope() -> None:
        for each in more:
            each()
        assert collect(open_log(store), now=LATER).objects

    store.interlope = interlope


def require_stalled_registration(
    store: InterloperStore, make: Make, register_: Callable[[ModelLog, Registration], object]
) -> None:
    _stall(store)
    register_(open_log(store), make(sha(1), "f1", files={"a": b"1", "b": b"2"}))
    require_nothing_dangling(store)
    assert list(open_log(store).read().versions) == [1]
    # Again, with a collector that dies between its entry and its deed.
    store.interlope = lambda: open_log(store).append(
        lambda state: Collect(tuple(_attempts(store) - {state.versions[1].attempt}))
    )
    register_(open_log(store), make(sha(2), "f2"))
    collect(open_log(store), now=LATER)
    require_nothing_dangling(store)
    assert list(open_log(store).read().versions) == [1, 2]


def _attempts(store: Store) -> set[str]:
    return {attempt_of(MODEL, item.key) for item in store.list(objects_prefix(MODEL))}


def test_a_stalled_registration_uploads_again(store: InterloperStore, make: Make) -> None:
    require_stalled_registration(store, make, register)


def test_a_registration_that_does_not_look_what_was_condemned_is_caught(store: InterloperStore, make: Make) -> None:
    source = inspect.getsource(registering)
    assert source.count("condemned=state.condemned") == 1
    mutant = types.ModuleType("mlops_ci.registry.register")
    exec(compile(source.replace("condemned=state.condemned", "condemned=()"), "mutant", "exec"), mutant.__dict__)
    with pytest.raises((AssertionError, IntegrityError)):
        require_stalled_registration(store, make, mutant.register)


def test_a_stalled_evaluation_uploads_again(store: InterloperStore, make: Make, tmp_path: Path) -> None:
    log = open_log(store)
    register(log, make(sha(1), "f1"))
    file = local_file(tmp_path / "sources", "predictions.csv", b"1,2")
    _stall(store)
    record_evaluation(log, 1, Evaluation(set="set", rows=1, predictions=file.record), file)
    require_nothing_dangling(store)
    assert log.read().evaluation_on(1, "set") is not None


def test_an_entry_that_condemns_what_is_in_use_deletes_nothing(store: InterloperStore, make: Make) -> None:
    log = open_log(store)
    version = register(log, make(sha(1), "f1")).version

    def condemn(state: ModelState) -> Body:
        return Collect((version.attempt,))

    log.append(condemn)
    assert collect(log, now=LATER).objects == ()
    require_nothing_dangling(store)


def test_only_old_temporary_files_are_swept(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "workspace")
    store.create("models/a/log/x", b"1")
    folder = tmp_path / "workspace" / ".tmp"
    for name in ("old", "young"):
        (folder / name).write_bytes(b"half")
    moment = (folder / "young").stat().st_mtime
    os.utime(folder / "old", (moment - 100, moment - 100))
    assert store.sweep(moment - 50) == 1
    assert [file.name for file in folder.iterdir()] == ["young"]
    assert store.get("models/a/log/x") == b"1"
    assert LocalStore(tmp_path / "nowhere").sweep(moment) == 0
