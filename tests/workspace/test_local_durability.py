"""The order of system calls by which a local object becomes durable before it is acknowledged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlops_ci.workspace.local import LocalStore
from tests.workspace.power import Disk


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    folder = tmp_path / "workspace"
    folder.mkdir()
    disk = Disk(folder)
    disk.watch(monkeypatch)
    return disk


def _short(disk: Disk) -> list[str]:
    """The calls since the last look, with the name of the temporary file replaced."""
    calls = [re.sub(r"/\.tmp/\w+", "TMP", call.replace(str(disk.folder), "")) for call in disk.calls]
    disk.calls.clear()
    return calls


def test_bytes_are_durable_before_the_name_and_the_name_before_the_acknowledgement(disk: Disk) -> None:
    store = LocalStore(disk.folder)
    store.create("a/first", b"x")
    disk.calls.clear()
    store.create("a/second", b"x")
    assert _short(disk) == ["fsync TMP", "link TMP", "fsync /a", "unlink TMP"]


def test_an_upload_is_as_durable_as_a_create(disk: Disk, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"model")
    store = LocalStore(disk.folder)
    store.create("a/first", b"x")
    disk.calls.clear()
    store.upload("a/model", source)
    assert _short(disk) == ["fsync TMP", "link TMP", "fsync /a", "unlink TMP"]


def test_the_loser_of_a_race_makes_the_winners_name_durable_too(disk: Disk) -> None:
    store = LocalStore(disk.folder)
    store.create("a/b", b"x")
    disk.calls.clear()
    assert not store.create("a/b", b"y")
    assert "fsync /a" in _short(disk)


def test_every_new_folder_is_made_durable_in_its_parent_before_the_acknowledgement(disk: Disk) -> None:
    LocalStore(disk.folder).create("a/b/c", b"x")
    calls = _short(disk)
    assert calls[calls.index("link TMP") :] == ["link TMP", "fsync /a/b", "fsync /a", "fsync ", "unlink TMP"]


def test_a_delete_is_durable(disk: Disk) -> None:
    store = LocalStore(disk.folder)
    store.create("a/b", b"x")
    disk.calls.clear()
    store.delete("a/b")
    assert _short(disk) == ["unlink /a/b", "fsync /a"]
