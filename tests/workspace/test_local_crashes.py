"""Writers of a local workspace that die at any instant leave whole objects only.

``MLOPS_CI_SOAK=1`` kills 1,000 of them instead of 60.
"""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from mlops_ci.errors import RemoteError
from mlops_ci.workspace.durable_files import TEMPORARY
from mlops_ci.workspace.local import LocalStore
from tests.parts.need import soak
from tests.workspace.forked import Acknowledge, killed
from tests.workspace.power import Disk, ProcessDied


def _bytes_of(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest() * 20_000


def write_on_and_on(number: int, acknowledge: Acknowledge, *, root: str) -> None:
    store, written = LocalStore(Path(root)), 0
    while True:
        key = f"writers/{number}/{written}"
        store.create(key, _bytes_of(key))
        acknowledge(key)
        store.put(f"hints/{number % 5}", _bytes_of("hint"))
        written += 1


def test_killed_writers_leave_whole_objects_only(tmp_path: Path) -> None:
    root, rounds, seed = tmp_path / "workspace", soak(60, 1000), int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    acknowledged = killed(
        "tests.workspace.test_local_crashes:write_on_and_on", rounds, seed=seed, longest=0.15, root=str(root)
    )
    store = LocalStore(root)
    for key in (key for keys in acknowledged for key in keys):
        assert store.get(key) == _bytes_of(key)
    for item in store.list(""):
        assert store.get(item.key) == _bytes_of("hint" if item.key.startswith("hints/") else item.key)
    assert sum(map(len, acknowledged)) > rounds // 2


def test_leftover_temporary_files_are_not_listed(local: LocalStore) -> None:
    local.create("a", b"x")
    (local.root / TEMPORARY / "left-by-a-dead-writer").write_bytes(b"half")
    assert [item.key for item in local.list("")] == ["a"]


def test_an_object_is_not_there_until_it_is_whole_and_then_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, died = b"x" * 1000, 0
    for die_at in range(1, 100):
        folder = tmp_path / str(die_at)
        folder.mkdir()
        with monkeypatch.context() as patch:
            disk = Disk(folder, die_at=die_at)
            disk.watch(patch)
            try:
                assert LocalStore(folder).create("a/b", data)
            except ProcessDied:
                died += 1
        found = LocalStore(folder).get("a/b")
        assert found in {None, data}
        assert LocalStore(folder).create("a/b", data) == (found is None)
        if died < die_at:
            break
    assert died >= 8


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS])
def test_a_failing_call_is_a_remote_error_and_leaves_whole_objects_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    data, failed = b"x" * 1000, 0
    for fail_at in range(1, 100):
        folder = tmp_path / str(fail_at)
        folder.mkdir()
        with monkeypatch.context() as patch:
            disk = Disk(folder, fail_at=(fail_at, error))
            disk.watch(patch)
            try:
                assert LocalStore(folder).create("a/b", data)
            except RemoteError as refusal:
                failed += 1
                assert os.strerror(error) in refusal.what
                assert refusal.hint or error == errno.EIO
        assert LocalStore(folder).get("a/b") in {None, data}
        LocalStore(folder).create("a/b", data)
        assert LocalStore(folder).get("a/b") == data
        if len(disk.calls) < fail_at:
            break
    assert failed >= 6


def test_a_folder_tidied_away_under_a_writer_is_made_again(local: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link
    tidied: list[Path] = []

    def link_after_tidying(source: str, target: str) -> None:
        if not tidied:
            tidied.append(Path(target))
            Path(target).parent.rmdir()
        link(source, target)

    monkeypatch.setattr(os, "link", link_after_tidying)
    assert local.create("a/b", b"x")
    assert tidied
    assert local.get("a/b") == b"x"
