"""What threads find that write together, when another of them is interrupted or writes the same key."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_ci.errors import RemoteError
from mlops_ci.workspace.durable_files import TEMPORARY
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.split import SplitStore
from mlops_ci.workspace.store import Store
from tests.workspace.memory import MemoryStore

FILE, ENTRY = "models/m/objects/1/files/x", "models/m/log/1"
Make = Callable[[Path], Store]


def local(folder: Path) -> Store:
    return LocalStore(folder / "w")


def split(folder: Path) -> Store:
    return SplitStore(MemoryStore(), LocalStore(folder / "w"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "source"
    file.write_bytes(b"weights")
    return file


@pytest.mark.parametrize("make", [local, split])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("can't start new thread"), OSError(errno.EIO)])
def test_where_settling_is_cut_off_no_thread_creates_what_names_the_file(
    make: Make, error: BaseException, tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make(tmp_path)

    def cut_off(file: int) -> None:
        raise error

    def settle_in_vain() -> None:
        store.upload(FILE, source)
        with monkeypatch.context() as patch, pytest.raises((type(error), RemoteError)):
            patch.setattr(os, "fsync", cut_off)
            store.create("models/m/log/0", b"of another thread")

    with pytest.raises(RemoteError), store.together():
        settle_in_vain()
        store.create(ENTRY, b"names the file")
    with pytest.raises(RemoteError), store.together():
        settle_in_vain()  # and who has uploaded the file believes that it will be there
    assert list(store.list("")) == []
    assert store.create(ENTRY, b"x"), "that was the end of it"


class InterruptedLock:
    """A signal ends the next waiting for it, once it is armed."""

    def __init__(self) -> None:
        self.inner = threading.RLock()
        self.armed = False

    def acquire(self) -> None:
        if self.armed:
            self.armed = False
            raise KeyboardInterrupt
        self.inner.acquire()

    def release(self) -> None:
        self.inner.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *error: object) -> None:
        self.release()


@pytest.mark.parametrize("make", [local, split])
@pytest.mark.parametrize("failed", [False, True])
def test_who_is_interrupted_while_another_thread_settles_leaves_all_the_same(
    make: Make, failed: bool, tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, lock, other = make(tmp_path), InterruptedLock(), LocalStore(tmp_path / "w")
    for place in (store, store.files) if isinstance(store, SplitStore) else (store,):
        monkeypatch.setattr(place, "_lock", lock)
        with pytest.raises((KeyboardInterrupt, ZeroDivisionError)), store.together():
            store.upload(FILE, source)
            lock.armed = True
            assert not failed or 1 / 0
        assert (other.get(FILE) is None) == failed, "what was done is done"
        store.upload(FILE + "y", source)
        assert other.get(FILE + "y"), "nothing is held back any more"
        for key in (FILE, FILE + "y"):
            store.delete(key)
        monkeypatch.undo()


def test_where_settling_has_failed_a_listing_fails_rather_than_leave_something_out(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(file: int) -> None:
        raise OSError(errno.EIO, "broken")

    store = LocalStore(tmp_path / "w")
    with pytest.raises(RemoteError), store.together():
        store.upload(FILE, source)
        with monkeypatch.context() as patch, pytest.raises(RemoteError):
            patch.setattr(os, "fsync", fail)
            store.create(ENTRY, b"of another thread")
        for look in (store.folders, lambda prefix: list(store.list(prefix))):
            with pytest.raises(RemoteError):
                look("models/m/")


def test_of_two_threads_that_upload_one_key_together_neither_leaves_anything_behind(
    tmp_path: Path, source: Path
) -> None:
    both = threading.Barrier(2)

    def meet(key: str, moved: int, total: int) -> None:
        both.wait(30)

    store = LocalStore(tmp_path / "w", meet)
    with store.together():
        threads = [threading.Thread(target=store.upload, args=("cache/objects/a", source)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert store.get("cache/objects/a") == source.read_bytes()
    assert list((tmp_path / "w" / TEMPORARY).iterdir()) == []
