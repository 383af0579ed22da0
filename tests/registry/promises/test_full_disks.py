"""A full or read-only disk under the writes of whole commands: exit code 3, one line, nothing half done."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_ci.__main__ import run
from mlops_ci.errors import RemoteError
from mlops_ci.registry import checkpoints
from mlops_ci.registry.check import check_model
from mlops_ci.registry.register import register
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.layout import checkpoints_prefix, objects_prefix
from mlops_ci.workspace.local import LocalStore
from tests.registry.making import open_log, registration, require_whole, sha
from tests.support.lab import tree_bytes


class Disk:
    """A small file system."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mount(self, options: str) -> None:
        """Mount it, or change how it is mounted."""
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"this user cannot mount a small disk: {done.stderr.strip()}")

    def fill(self) -> None:
        """Leave no byte free."""
        with (self.folder / "filler").open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                return


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path / "disk")
    made.folder.mkdir()
    made.mount("size=2m")
    try:
        yield made
    finally:
        subprocess.run(["umount", str(made.folder)], check=True)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """A workspace with a version of 1 MB, the remains of an upload, and a log one entry short of a checkpoint."""
    return _made(tmp_path / "workspace", tmp_path)


def _made(root: Path, tmp_path: Path) -> LocalStore:
    store = LocalStore(root)
    initialise(store)
    log = open_log(store)
    register(log, registration(tmp_path / "sources", sha(1), "f1", {"model.bin": bytes(1_000_000)}))
    set_tags(log, 1, {"turn": "1"})
    store.create(f"{objects_prefix('model')}left/files/model.bin", b"left by a crash")
    return store


def _require_error(capfd: pytest.CaptureFixture[str], *command: str) -> str:
    capfd.readouterr()
    assert run(list(command)) == 3
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("mlops-ci: error[3]: ")
    return line


@pytest.fixture(params=["full", "read-only"])
def state(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _spoil(disk: Disk, state: str) -> None:
    if state == "full":
        disk.fill()
    else:
        disk.mount("remount,ro")


def test_a_download_target(disk: Disk, store: LocalStore, state: str, capfd: pytest.CaptureFixture[str]) -> None:
    _spoil(disk, state)
    target = disk.folder / "models"
    line = _require_error(capfd, "models", "download", "model@v1", str(target), "--workspace", store.url)
    assert {"full": "No space left", "read-only": "Read-only"}[state].lower() in line.lower()
    assert not [path for path in target.rglob("*") if path.is_file()]


def test_the_target_of_a_copy(disk: Disk, store: LocalStore, state: str, capfd: pytest.CaptureFixture[str]) -> None:
    _spoil(disk, state)
    target = disk.folder / "copy"
    _require_error(capfd, "workspace", "copy", store.url, str(target))
    assert [path for path in target.rglob("*") if path.is_file()] == []
    if state == "full":
        (disk.folder / "filler").unlink()
        assert run(["workspace", "copy", store.url, str(target)]) == 0
        require_whole(LocalStore(target))


@pytest.mark.parametrize("command", ["gc", "register", "promote"])
def test_a_workspace(
    disk: Disk, tmp_path: Path, state: str, command: str, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    store = _made(disk.folder / "workspace", tmp_path)
    objects = (store.root / "models/model/objects").iterdir()
    for path in (path for folder in objects for path in [folder, *folder.rglob("*")]):
        os.utime(path, (0, 0))
    (tmp_path / "model").write_bytes(b"another")
    monkeypatch.chdir(tmp_path)
    _spoil(disk, state)
    before = tree_bytes(store.root)
    words = {
        "gc": ["workspace", "gc"],
        "register": ["register", "--model", "model", "--file", "model"],
        "promote": ["promote", "model@v1"],
    }[command]
    _require_error(capfd, *words, "--workspace", store.url)
    assert tree_bytes(store.root) == before
    if state == "full":
        (disk.folder / "filler").unlink()
    else:
        disk.mount("remount,rw")
    assert run([*words, "--workspace", store.url]) == 0
    require_whole(store)


class FullStore(LocalStore):
    """A folder with room for an entry, and for nothing more."""

    def put(self, key: str, data: bytes) -> None:
        raise RemoteError("the workspace failed: No space left on device", where=key)


def test_hints_and_checkpoints_that_find_no_room_cost_nothing_but_time(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is acknowledged is in the log; the next writer writes what had no room."""
    monkeypatch.setattr(checkpoints, "INTERVAL", 3)
    assert set_tags(open_log(FullStore(store.root)), 1, {"turn": "2"}).tags == {"turn": "2"}
    assert require_whole(store).head == 3
    assert list(store.list(checkpoints_prefix("model"))) == []
    set_tags(open_log(store), 1, {"turn": "3"})
    assert len(list(store.list(checkpoints_prefix("model")))) == 1
    assert check_model(open_log(store), read_data=False).hints == ()
