"""A copy of a workspace is the same workspace, byte for byte, however often it was interrupted."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_ci.errors import ConflictError, IntegrityError, RemoteError, UsageError
from mlops_ci.lifecycle.compaction import compact, read_collected
from mlops_ci.lifecycle.copying import copy_workspace
from mlops_ci.records.actor import Actor
from mlops_ci.registry import checkpoints
from mlops_ci.registry.check import check_model
from mlops_ci.registry.delete import delete_version
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.pins import pin_of
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.register import register
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.format import initialise, read_format
from mlops_ci.workspace.layout import hint_key, is_rebuilt, log_key, log_prefix, objects_prefix
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.split import SplitStore
from mlops_ci.workspace.store import Store, Written
from tests.parts.need import soak
from tests.registry.faulty import FaultyStore
from tests.registry.making import MODEL, open_log, registration, require_whole, sha, ticking
from tests.serving.collected import request, send
from tests.workspace.memory import MemoryStore

PLACES: dict[str, Callable[[Path], Store]] = {
    "local": lambda folder: LocalStore(folder / "copy"),
    "memory": lambda folder: MemoryStore(),  # noqa: ARG005
    "split": lambda folder: SplitStore(MemoryStore(), LocalStore(folder / "files")),
}


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    """A workspace with checkpoints, and files whose paths look like ours."""
    monkeypatch.setattr(checkpoints, "INTERVAL", 4)
    store = MemoryStore()
    initialise(store)
    log = open_log(store)
    files = {"log/00000000000000000099.json": b"no entry", f"{9:020d}-{9:020d}.{'a' * 64}": b"no checkpoint", "m": b"1"}
    register(log, registration(tmp_path / "sources", sha(1), "f1", files=files))
    register(log, registration(tmp_path / "sources", sha(2), "f2"))
    move_alias(log, "champion", 1, rollback=False, reason=None)
    for number in range(8):
        set_tags(log, 1, {"n": str(number)})
    register(open_log(store, "other"), registration(tmp_path / "sources", sha(3), "f3"))
    store.create("runs/r/run.json", b"{}")
    store.create("cache/objects/ab", b"cached")
    for key in ("segments/a.jsonl.gz", "days/2026-03-01/b.parquet", "compactions/1.json"):
        store.create(f"collected/{MODEL}/{key}", key.encode())
    return store


def _kept(store: Store) -> dict[str, bytes]:
    own = {"workspace.json", "files.json"}  # which say how many places there are
    kept = (item.key for item in store.list("") if not is_rebuilt(item.key) and item.key not in own)
    return {key: store.get(key) or b"" for key in kept}


def _require_copy(source: Store, target: Store) -> None:
    assert _kept(target) == _kept(source)
    ours, theirs = read_format(source), read_format(target)
    assert ours and theirs and ours.id == theirs.id
    for model in (MODEL, "other"):
        assert require_whole(target, model) == require_whole(source, model)
        assert check_model(open_log(target, model), read_data=True).hints == ()
    pin = pin_of(open_log(source).read())
    ModelLog(target, MODEL, actor=Actor("tester"), clock=ticking(), pin=pin).read()


@pytest.mark.parametrize("place", PLACES)
def test_a_copy_is_the_same_workspace(source: MemoryStore, tmp_path: Path, place: str) -> None:
    target = PLACES[place](tmp_path)
    done = copy_workspace(source, target)
    assert (done.objects, done.present, done.models) == (len(_kept(source)), 0, 2)
    _require_copy(source, target)
    again = copy_workspace(source, target)
    assert (again.objects, again.size, again.present) == (0, 0, done.objects)
    back = MemoryStore()
    copy_workspace(target, back)
    _require_copy(source, back)


def test_a_copy_takes_what_is_new(source: MemoryStore, tmp_path: Path) -> None:
    target = MemoryStore()
    copy_workspace(source, target)
    register(open_log(source), registration(tmp_path / "sources", sha(4), "f4"))
    delete_version(open_log(source), 2)
    register(open_log(source, "third"), registration(tmp_path / "sources", sha(4), "f4"))
    copy_workspace(source, target)
    assert _kept(target) == _kept(source)


def test_an_interrupted_copy_is_completed_by_copying_again(source: MemoryStore, tmp_path: Path) -> None:
    failed = 0
    for seed in range(soak(25, 1000)):
        chance, target = random.Random(seed), MemoryStore()
        for rate in (0.02, 0.05, 0.01, 0):
            faulty = FaultyStore(target, chance, rate, lambda: None)
            try:
                copy_workspace(source, faulty)
            except RemoteError:
                failed += 1
        _require_copy(source, target)
    assert failed > 25


def test_what_no_workspace_is_cannot_be_copied() -> None:
    with pytest.raises(UsageError, match="no workspace here"):
        copy_workspace(MemoryStore(), MemoryStore())


def test_another_workspace_is_no_target(source: MemoryStore) -> None:
    target = MemoryStore()
    initialise(target)
    before = dict(target.objects)
    with pytest.raises(ConflictError, match="another workspace") as caught:
        copy_workspace(source, target)
    assert caught.value.exit_code == 4
    assert target.objects == before


def _ahead(source: MemoryStore, target: MemoryStore, sources: Path) -> None:
    set_tags(open_log(target), 1, {"own": "way"})


def _apart(source: MemoryStore, target: MemoryStore, sources: Path) -> None:
    set_tags(open_log(target), 1, {"own": "way"})
    set_tags(open_log(source), 1, {"another": "way"})


def _behind(source: MemoryStore, target: MemoryStore, sources: Path) -> None:
    _apart(source, target, sources)
    set_tags(open_log(source), 1, {"and": "on"})


def _another_model(source: MemoryStore, target: MemoryStore, sources: Path) -> None:
    register(open_log(target, "own"), registration(sources, sha(7), "f7"))


@pytest.mark.parametrize("go_on", [_ahead, _apart, _behind, _another_model])
def test_a_copy_that_has_gone_on_by_itself_is_left_alone(
    source: MemoryStore, tmp_path: Path, go_on: Callable[[MemoryStore, MemoryStore, Path], None]
) -> None:
    target = MemoryStore()
    copy_workspace(source, target)
    go_on(source, target, tmp_path / "sources")
    before = dict(target.objects)
    with pytest.raises(ConflictError, match="gone on by itself"):
        copy_workspace(source, target)
    assert target.objects == before


def test_a_copy_made_while_somebody_writes_is_whole_and_some_state_of_the_source(tmp_path: Path) -> None:
    source = LocalStore(tmp_path / "source")
    initialise(source)
    register(open_log(source), registration(tmp_path / "sources", sha(0), "f0"))
    stop = threading.Event()

    def write() -> None:
        log, number = open_log(source), 0
        while not stop.is_set():
            number += 1
            register(log, registration(tmp_path / "sources", sha(number), f"f{number}"))
            set_tags(log, number, {"n": str(number)})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        targets = [MemoryStore() for _ in range(5)]
        for target in targets:
            copy_workspace(source, target)
    finally:
        stop.set()
        writer.join()
    for target in targets:
        state = require_whole(target)
        for seq in range(1, state.head + 1):
            assert target.get(log_key(MODEL, seq)) == source.get(log_key(MODEL, seq))
        assert target.get(log_key(MODEL, state.head + 1)) is None
        copy_workspace(source, target)
        assert require_whole(target) == require_whole(source)


def test_requests_that_become_tables_while_they_are_copied_are_not_lost(tmp_path: Path) -> None:
    turns = [2]

    class CompactedMeanwhile(MemoryStore):
        def download(self, key: str, target: Path) -> Written | None:
            if key.startswith(f"collected/{MODEL}/") and turns[0]:
                turns[0] -= 1
                send(self, [request(f"r{turns[0]}")], MODEL)
                compact(self, MODEL, pytest.fail)
                send(self, [request(f"s{turns[0]}")], MODEL)
            return super().download(key, target)

    source, target = CompactedMeanwhile(), MemoryStore()
    initialise(source)
    send(source, [request("r2")], MODEL)
    copy_workspace(source, target)
    compact(source, MODEL, pytest.fail)
    compact(target, MODEL, pytest.fail)
    names = ["r0", "r1", "r2", "s0", "s1"]
    assert sorted(read_collected(target, MODEL)["id"]) == sorted(read_collected(source, MODEL)["id"]) == names


@pytest.mark.parametrize("what", ["an entry", "a file", "a missing file"])
def test_damage_in_the_source_is_refused(source: MemoryStore, what: str) -> None:
    prefix = log_prefix(MODEL) if what == "an entry" else objects_prefix(MODEL)
    key = next(item.key for item in source.list(prefix))
    source.put(key, source.objects[key][:-1] + b"?")
    if what == "a missing file":
        source.delete(key)
    target = MemoryStore()
    with pytest.raises(IntegrityError) as caught:
        copy_workspace(source, target)
    assert caught.value.where == key


def test_a_file_that_arrived_by_half_is_sent_again(source: MemoryStore) -> None:
    target = MemoryStore()
    copy_workspace(source, target)
    key = next(item.key for item in source.list(objects_prefix(MODEL)))
    target.put(key, b"")
    target.delete(hint_key(MODEL))
    copy_workspace(source, target)
    _require_copy(source, target)
