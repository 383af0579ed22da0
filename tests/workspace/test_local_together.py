"""Uploads that belong together become durable together, and nothing is created before they are."""

from __future__ import annotations

import errno
import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlops_ci.errors import RemoteError
from mlops_ci.workspace import durable_files, local
from mlops_ci.workspace.durable_files import TEMPORARY, DurableFiles, Held, drop_all
from mlops_ci.workspace.local import LocalStore
from tests.workspace.power import Disk, Loss, ProcessDied

LOSSES: tuple[Loss, ...] = ("least", "names", "any")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "source"
    file.write_bytes(b"weights " * 40)
    return file


def left(store: LocalStore) -> list[Path]:
    """Temporary files."""
    return list((store.root / TEMPORARY).iterdir())


def test_uploads_are_seen_by_others_at_the_end_and_by_their_writer_at_once(tmp_path: Path, source: Path) -> None:
    store, other = LocalStore(tmp_path / "w"), LocalStore(tmp_path / "w")
    data = source.read_bytes()
    with store.together():
        for key in ("m/a", "m/b", "n/c", "n/d", "o/e"):
            store.upload(key, source)
        assert list(other.list("")) == []
        assert store.get("m/a") == data
        store.upload("p/f", source)
        assert [item.key for item in store.list("p/")] == ["p/f"]
        store.upload("q/g", source)
        assert list(store.folders(""))[-1] == "q"
        store.upload("q/h", source)
        assert store.download("q/h", tmp_path / "copy")
        store.upload("q/i", source)
        store.upload("q/i", tmp_path / "copy")
        store.upload("q/j", source)
        store.delete("q/j")
        store.upload("q/k", source)
        store.put("q/k", b"other")
        store.upload("z", source)
        assert other.get("z") is None
    assert other.get("z") == data
    assert other.get("q/k") == b"other"
    assert "q/j" not in {item.key for item in other.list("")}
    assert left(store) == []


def test_what_was_uploaded_before_a_creation_is_there_before_it(tmp_path: Path, source: Path) -> None:
    store, other = LocalStore(tmp_path / "w"), LocalStore(tmp_path / "w")
    with store.together():
        with store.together():
            store.upload("m/a", source)
        assert other.get("m/a") is None, "only the outermost counts"
        store.create("log/1", b"x")
        assert other.get("m/a")
        store.upload("m/b", source)
        assert other.get("m/b") is None
    assert other.get("m/b")


def test_an_error_leaves_nothing_of_what_was_held_back(tmp_path: Path, source: Path) -> None:
    store = LocalStore(tmp_path / "w")

    def work() -> None:
        with store.together():
            store.upload("m/a", source)
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert list(store.list("")) == []
    assert left(store) == []
    store.upload("m/a", source)
    assert LocalStore(tmp_path / "w").get("m/a")


def test_what_is_there_already_stays_as_it_is(tmp_path: Path, source: Path) -> None:
    store = LocalStore(tmp_path / "w")
    store.create("m/a", b"first")
    with store.together():
        store.upload("m/a", source)
    assert store.get("m/a") == b"first"


def test_no_more_files_are_held_open_than_a_few(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_MOST_HELD", 7)
    store = LocalStore(tmp_path / "w")
    with store.together():
        for number in range(30):
            store.upload(f"m/{number}", source)
            assert len(left(store)) < 7
    assert len(list(store.list(""))) == 30


def test_threads_may_upload_together(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_MOST_HELD", 5)
    store = LocalStore(tmp_path / "w")

    def write(number: int) -> None:
        if number % 5 == 4:
            store.create(f"c/{number}", b"x")
        else:
            store.upload(f"m/{number % 60}/{number}", source)

    with ThreadPoolExecutor(8) as pool, store.together():
        list(pool.map(write, range(200)))
    assert len(list(LocalStore(tmp_path / "w").list(""))) == 200
    assert left(store) == []


def _write(store: LocalStore, source: Path, acknowledged: list[str]) -> None:
    with store.together():
        for number in range(6):
            store.upload(f"m/{number}/files/x", source)
        store.create("log/1", source.read_bytes())
        acknowledged += ["log/1", *(f"m/{number}/files/x" for number in range(6))]
        store.upload("m/7/files/x", source)
    acknowledged.append("m/7/files/x")


def require_survival(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Path) -> int:
    """Lose power at each call; what is there is whole, what was acknowledged is there, and an entry has its files."""
    folder, scratch, images = tmp_path / "disk", tmp_path / "scratch", [0]
    folder.mkdir()
    scratch.mkdir()
    chance, acknowledged = random.Random(1), list[str]()
    data = source.read_bytes()

    def lose_power(call: str) -> None:
        for loss in LOSSES:
            images[0] += 1
            survived = LocalStore(disk.after_power_loss(scratch / f"{images[0]}", loss, chance) / "w")
            found = {item.key for item in survived.list("")}
            assert {survived.get(key) for key in found} <= {data}, f"by half ({loss}) at {call}"
            needed = {f"m/{number}/files/x" for number in range(6)} if "log/1" in found else set()
            assert found >= {*acknowledged, *needed}, f"lost ({loss}) at {call}"

    with monkeypatch.context() as patch:
        disk = Disk(folder, at_each_call=lose_power)
        disk.watch(patch)
        _write(LocalStore(folder / "w"), source, acknowledged)
        lose_power("the end")
    return images[0]


def test_a_power_loss_takes_nothing_acknowledged_and_no_entry_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    assert require_survival(tmp_path, monkeypatch, source) > 200


def _without_files(self: DurableFiles, several: list[Held]) -> None:
    try:
        for held in several:
            self._make_folders(held.target.rpartition("/")[0])
            self._link(held.temporary, held.target)
    finally:
        drop_all(several)


def _without_parents(folder: str) -> None:
    pass


def test_a_store_that_does_not_fsync_what_it_held_back_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    monkeypatch.setattr(DurableFiles, "create_all", _without_files)
    with pytest.raises(AssertionError, match=r"by half|lost"):
        require_survival(tmp_path, monkeypatch, source)


def test_a_store_that_does_not_fsync_the_folders_of_what_it_held_back_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    monkeypatch.setattr(durable_files, "_fsync_names", _without_parents)
    with pytest.raises(AssertionError, match="lost"):
        require_survival(tmp_path, monkeypatch, source)


class HastyStore(LocalStore):
    """A mutant: creates without a look at what it holds back."""

    def create(self, key: str, data: bytes) -> bool:
        held, self._held = self._held, {}
        try:
            return super().create(key, data)
        finally:
            self._held = held


def test_a_store_that_creates_before_what_it_holds_back_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    monkeypatch.setitem(globals(), "LocalStore", HastyStore)
    with pytest.raises(AssertionError, match="lost"):
        require_survival(tmp_path, monkeypatch, source)


def _calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Path) -> int:
    with monkeypatch.context() as patch:
        (tmp_path / "count").mkdir()
        disk = Disk(tmp_path / "count")
        disk.watch(patch)
        _write(LocalStore(disk.folder / "w"), source, [])
        return len(disk.calls)


def test_a_writer_that_dies_at_any_call_leaves_whole_objects_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    for die_at in range(1, _calls(tmp_path, monkeypatch, source) + 1):
        (tmp_path / f"{die_at}").mkdir()
        with monkeypatch.context() as patch:
            disk = Disk(tmp_path / f"{die_at}", die_at=die_at)
            disk.watch(patch)
            with pytest.raises(ProcessDied):
                _write(LocalStore(disk.folder / "w"), source, [])
        store = LocalStore(disk.folder / "w")
        found = {item.key: store.get(item.key) for item in store.list("")}
        assert set(found.values()) <= {source.read_bytes()}
        assert "log/1" not in found or len(found) >= 7
        _write(LocalStore(disk.folder / "w"), source, [])
        assert len(list(store.list(""))) == 8


def test_a_call_that_fails_fails_the_whole_and_nothing_is_created_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    seen = set()
    for fail_at in range(1, _calls(tmp_path, monkeypatch, source) + 1):
        (tmp_path / f"{fail_at}").mkdir()
        acknowledged: list[str] = []
        with monkeypatch.context() as patch:
            disk = Disk(tmp_path / f"{fail_at}", fail_at=(fail_at, errno.EIO))
            disk.watch(patch)
            store = LocalStore(disk.folder / "w")
            try:
                _write(store, source, acknowledged)
            except RemoteError:
                seen.add(disk.calls[fail_at - 1].split()[0])
        found = {item.key for item in store.list("")}
        assert found >= set(acknowledged)
        assert "log/1" not in found or len(found) >= 7
        _write(store, source, [])
        assert len(list(store.list(""))) == 8
    assert seen >= {"fsync", "link", "mkdir"}


def test_after_a_failure_that_nobody_minded_nothing_is_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    store = LocalStore(tmp_path / "w")
    store.put("hint", b"old")
    fsync = os.fsync

    def fail(file: int) -> None:
        raise OSError(errno.EIO, "broken")

    with pytest.raises(RemoteError), store.together():
        store.upload("m/a", source)
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(RemoteError):
            store.get("m/a")
        monkeypatch.setattr(os, "fsync", fsync)
        with pytest.raises(RemoteError):
            store.create("log/1", b"x")
    assert [item.key for item in store.list("")] == ["hint"]
    assert store.create("log/1", b"x"), "that was the end of it"
