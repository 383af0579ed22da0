"""After a power loss everything acknowledged is there, and nothing is there by half."""

from __future__ import annotations

import os
import random
import stat
from pathlib import Path

import pytest

from mlops_ci.workspace.durable_files import DurableFiles
from mlops_ci.workspace.local import LocalStore
from tests.workspace.power import Disk, Loss, ProcessDied

LOSSES: tuple[Loss, ...] = ("least", "names", "any")
OBJECTS = {f"models/m{number % 2}/objects/{number}/x": f"bytes of {number} ".encode() * 20 for number in range(5)}


def require_survival(workspace: Path, scratch: Path, disk: Disk, acknowledged: dict[str, bytes]) -> int:
    """Lose power at each call from now on, in every way; return the number of images looked at as a list grows."""
    chance, images = random.Random(1), [0]

    def lose_power(call: str) -> None:
        for loss in LOSSES:
            images[0] += 1
            image = disk.after_power_loss(scratch / f"{images[0]}", loss, chance)
            survived = LocalStore(image / workspace.name)
            for key, data in acknowledged.items():
                assert survived.get(key) == data, f"{key} was acknowledged and is lost ({loss}) at {call}"
            for item in survived.list(""):
                assert survived.get(item.key) == OBJECTS[item.key], f"{item.key} is there by half ({loss}) at {call}"

    disk.at_each_call = lose_power
    store = LocalStore(workspace)
    for number, (key, data) in enumerate(OBJECTS.items()):
        if number % 2:
            source = scratch / f"source{number}"
            source.write_bytes(data)
            store.upload(key, source)
        else:
            store.create(key, data)
        acknowledged[key] = data
        lose_power(f"the acknowledgement of {key}")
    return images[0]


def _disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Disk, Path]:
    folder, scratch = tmp_path / "disk", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    disk = Disk(folder)
    disk.watch(monkeypatch)
    return disk, scratch


def test_nothing_acknowledged_is_lost_and_nothing_half_written_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, scratch = _disk(tmp_path, monkeypatch)
    assert require_survival(disk.folder / "workspace", scratch, disk, {}) > 200


def require_durable_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[LocalStore]) -> int:
    """Let a writer die at each of its calls, its successor be told that all is well, and then the power fail."""
    key, data = next(iter(OBJECTS.items()))
    for die_at in range(1, 100):
        folder = tmp_path / f"{die_at}"
        folder.mkdir()
        with monkeypatch.context() as patch:
            disk, scratch = _disk(folder, patch)
            disk.die_at = die_at
            try:
                kind(disk.folder / "workspace").create(key, data)
            except ProcessDied:
                died = True
            else:
                died = False
            disk.die_at = None
            kind(disk.folder / "workspace").create(key, data)
            image = disk.after_power_loss(scratch / "image", "least", random.Random(1))
        assert LocalStore(image / "workspace").get(key) == data, f"lost after a death at call {die_at}"
        if not died:
            break
    return die_at


def test_folders_left_by_a_process_that_died_before_their_fsync_are_made_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert require_durable_folders(tmp_path, monkeypatch, LocalStore) > 10


class TrustingFiles(DurableFiles):
    """A mutant: takes a folder that is there for durable."""

    def _make_folders(self, folder: str) -> tuple[str, ...]:
        return () if Path(folder).is_dir() else super()._make_folders(folder)


class TrustingStore(LocalStore):
    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._files = TrustingFiles(root)


def test_a_store_that_trusts_the_folders_it_finds_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match="lost after a death"):
        require_durable_folders(tmp_path, monkeypatch, TrustingStore)


def test_a_store_that_does_not_fsync_folders_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(folder: Path) -> None:
        pass

    monkeypatch.setattr("mlops_ci.workspace.durable_files.fsync_folder", nothing)
    disk, scratch = _disk(tmp_path, monkeypatch)
    with pytest.raises(AssertionError, match="acknowledged and is lost"):
        require_survival(disk.folder / "workspace", scratch, disk, {})


def test_a_store_that_does_not_fsync_files_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, scratch = _disk(tmp_path, monkeypatch)
    fsync = os.fsync

    def only_folders(file: int) -> None:
        if stat.S_ISDIR(os.fstat(file).st_mode):
            fsync(file)

    monkeypatch.setattr(os, "fsync", only_folders)
    with pytest.raises(AssertionError, match="there by half"):
        require_survival(disk.folder / "workspace", scratch, disk, {})
