"""Logs in one place, files in another."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from mlops_ci.errors import RemoteError, UsageError
from mlops_ci.registry.check import check_model
from mlops_ci.registry.register import register
from mlops_ci.workspace.format import initialise, read_format, require_whole
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.open import open_store
from mlops_ci.workspace.split import SplitStore
from mlops_ci.workspace.store import Written
from tests.registry.making import open_log, registration, sha
from tests.registry.making import require_whole as require_whole_log
from tests.workspace.memory import MemoryStore

BULK = [
    "models/m/objects/a/files/model.bin",
    "models/m/objects/a/evaluation/p.csv",
    "cache/objects/ab",
    "cache/steps/ab.json",
    "pull-requests/cache/objects/ab",
    "runs/r/files/log.txt",
    "pull-requests/runs/r/files/log.txt",
]
SMALL = [
    "workspace.json",
    "models/m/log/00000000000000000001.json",
    "models/m/_last.json",
    "models/m/checkpoints/x",
    "runs/r/run.json",
    "runs/r/report.json",
    "pull-requests/runs/r/run.json",
    "static/models.json",
    "events/s/m/start.json",
    "objects/models/m/objects/x",
    "runs/files/x",
    "models/objects/x",
]


@pytest.fixture
def split() -> SplitStore:
    return SplitStore(MemoryStore(), MemoryStore())


def test_files_go_to_one_place_and_what_names_them_to_the_other(split: SplitStore, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"x")
    for number, key in enumerate([*BULK, *SMALL]):
        writes: list[Callable[[], object]] = [
            lambda key=key: split.create(key, b"x"),  # type: ignore[misc]
            lambda key=key: split.put(key, b"x"),  # type: ignore[misc]
            lambda key=key: split.upload(key, tmp_path / "source"),  # type: ignore[misc]
        ]
        writes[number % 3]()
    assert sorted(item.key for item in split.files.list("")) == sorted(BULK)
    assert sorted(item.key for item in split.log.list("")) == sorted(SMALL)
    assert [item.key for item in split.list("")] == sorted([*BULK, *SMALL])
    assert split.folders("models/m/") == ["checkpoints", "log", "objects"]
    for number, key in enumerate([*BULK, *SMALL]):
        assert split.get(key) == b"x"
        assert isinstance(split.download(key, tmp_path / str(number)), Written)
        split.delete(key)
    assert list(split.list("")) == []


class DyingStore(MemoryStore):
    """Fails at the N-th write, and from then on."""

    left = 10**9

    def _write(self, key: str, data: bytes) -> None:
        self.left -= 1
        if self.left < 0:
            raise RemoteError("gone")
        super()._write(key, data)


@pytest.mark.parametrize("left", range(6))
@pytest.mark.parametrize("dying", ["log", "files"])
def test_a_crash_between_files_and_log_leaves_no_entry_without_its_files(tmp_path: Path, left: int, dying: str) -> None:
    split = SplitStore(DyingStore(), DyingStore())
    initialise(split)
    request = registration(tmp_path / "sources", sha(1), "f1", files={"a": b"1", "b": b"2", "c": b"3"})
    store = getattr(split, dying)
    store.left = left
    try:
        register(open_log(split), request)
    except RemoteError:
        assert list(open_log(split).read().versions) == []
    store.left = 10**9
    assert check_model(open_log(split), read_data=True).findings == ()
    register(open_log(split), request)
    assert list(require_whole_log(split).versions) == [1]


def test_of_writes_that_belong_together_the_files_come_first() -> None:
    order: list[str] = []

    class Leaving(MemoryStore):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def together(self):  # type: ignore[no-untyped-def]
            store = self

            class Left:
                def __enter__(self) -> None:
                    pass

                def __exit__(self, *error: object) -> None:
                    order.append(store.name)

            return Left()

    with SplitStore(Leaving("log"), Leaving("files")).together():
        pass
    assert order == ["files", "log"]


def test_a_place_that_lets_a_key_be_created_twice_is_refused_and_left_empty() -> None:
    class Overwriting(MemoryStore):
        def create(self, key: str, data: bytes) -> bool:
            self.put(key, data)
            return True

    for split in (SplitStore(MemoryStore(), Overwriting()), SplitStore(Overwriting(), MemoryStore()), Overwriting()):
        with pytest.raises(RemoteError, match="created twice") as caught:
            initialise(split)
        assert caught.value.exit_code == 3
        assert list(split.list("")) == []


def test_a_lost_reply_to_the_first_creation_is_no_reason_to_refuse() -> None:
    class Retrying(MemoryStore):
        """The first try of a creation has its effect, its reply is lost, and the second finds it there."""

        def create(self, key: str, data: bytes) -> bool:
            super().create(key, data)
            return False

    assert initialise(Retrying()).id


def test_two_workspaces_do_not_share_a_place_for_files(tmp_path: Path) -> None:
    files = MemoryStore()
    initialise(SplitStore(MemoryStore(), files))
    other = SplitStore(MemoryStore(), files)
    with pytest.raises(UsageError, match="those of another workspace"):
        initialise(other)
    alone = MemoryStore()
    initialise(alone)
    with pytest.raises(UsageError, match="those of another workspace"):
        initialise(SplitStore(alone, files))
    assert require_whole(alone, thorough=True), "nothing has come of it"


def test_half_of_a_workspace_is_not_taken_for_the_whole(split: SplitStore) -> None:
    initialise(split)
    require_whole(split)
    for thorough in (False, True):
        with pytest.raises(UsageError, match="the files of this workspace are at"):
            require_whole(split.log, thorough=thorough)
    with pytest.raises(UsageError, match="whose log is elsewhere"):
        read_format(split.files)


@pytest.mark.parametrize("left", range(12))
@pytest.mark.parametrize("dying", ["log", "files"])
@pytest.mark.parametrize("alone", [False, True])
def test_where_making_it_was_cut_off_and_done_again_half_is_not_taken_for_the_whole(
    left: int, dying: str, alone: bool
) -> None:
    split = SplitStore(DyingStore(), DyingStore())
    if alone:
        initialise(split.log)
    getattr(split, dying).left = left
    with suppress(RemoteError):
        initialise(split)
    getattr(split, dying).left = 10**9
    initialise(split)
    with pytest.raises(UsageError, match="the files of this workspace are at"):
        require_whole(split.log, thorough=alone)
    with pytest.raises(UsageError, match="whose log is elsewhere"):
        read_format(split.files)


def test_a_workspace_that_gets_a_second_place_keeps_its_files(tmp_path: Path) -> None:
    alone = MemoryStore()
    found = initialise(alone)
    register(open_log(alone), registration(tmp_path / "sources", sha(1), "f1"))
    split = SplitStore(alone, MemoryStore())
    assert initialise(split) == found
    with pytest.raises(UsageError, match="the files of this workspace are at"):
        require_whole(alone, thorough=True)
    register(open_log(split), registration(tmp_path / "sources", sha(2), "f2"))
    assert len(require_whole_log(split).versions) == 2
    assert [len(list(place.list("models/model/objects/"))) for place in (alone, split.files)] == [1, 1]


def test_both_places_are_named_in_one_text(tmp_path: Path) -> None:
    store = open_store("log,files=bulk", tmp_path)
    assert isinstance(store, SplitStore)
    assert store.url == f"{tmp_path / 'log'},files={tmp_path / 'bulk'}"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "source"
    file.write_bytes(b"weights")
    return file


def test_with_two_places_files_are_there_before_what_names_them(tmp_path: Path, source: Path) -> None:
    log, files = LocalStore(tmp_path / "log"), LocalStore(tmp_path / "files")
    store, key = SplitStore(log, files), "models/m/objects/1/files/x"
    with store.together():
        store.upload(key, source)
        assert LocalStore(tmp_path / "files").get(key) is None
        store.create("models/m/log/1", b"x")
        assert LocalStore(tmp_path / "files").get(key)
        store.upload(key + "y", source)
        with store.together():
            store.create("models/m/log/2", b"x")
        assert LocalStore(tmp_path / "files").get(key + "y")
    with pytest.raises(KeyError), store.together():
        store.upload(key + "z", source)
        raise KeyError
    assert store.get(key + "z") is None


def test_with_two_places_files_that_cannot_be_settled_stop_what_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    store, fsync, stop = SplitStore(LocalStore(tmp_path / "log"), LocalStore(tmp_path / "files")), os.fsync, [True]

    def fail(file: int) -> None:
        if stop[0]:
            raise OSError(errno.EIO, "broken")
        fsync(file)

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(RemoteError), store.together():
        store.upload("models/m/objects/1/files/x", source)
        with pytest.raises(RemoteError):
            store.create("models/m/log/1", b"x")
        stop[0] = False
        store.create("models/m/log/1", b"x")
    assert list(store.list("")) == []


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns far more often than usual."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("restless")
def test_with_two_places_threads_lose_no_file_and_create_nothing_before_its_own(tmp_path: Path, source: Path) -> None:
    store, other = SplitStore(MemoryStore(), LocalStore(tmp_path / "files")), LocalStore(tmp_path / "files")

    def write(number: int) -> bool:
        file = f"models/m/objects/{number}/files/x"
        store.upload(file, source)
        if number % 3:
            return True
        store.create(f"models/m/log/{number}", b"x")
        return other.get(file) is not None

    for turn in range(4):
        with ThreadPoolExecutor(8) as pool, store.together():
            assert all(pool.map(write, range(turn * 60, turn * 60 + 60)))
    assert len(list(other.list(""))) == 240
