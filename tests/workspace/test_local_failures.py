"""A full disk and a folder without write access are remote errors that say what to do.

On a machine where a small file system can be mounted the disk is really full or read-only; elsewhere a limit on
file sizes and an unprivileged process stand in for them.
"""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlops_ci.errors import RemoteError
from mlops_ci.workspace.local import LocalStore
from tests.workspace.forked import Acknowledge, at_once


@contextmanager
def _mounted(folder: Path, options: str) -> Iterator[bool]:
    """A small file system at ``folder``; False where this user cannot mount one."""
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        done = False
    try:
        yield done
    finally:
        if done:
            subprocess.run(["umount", str(folder)], check=True)


def write_with_a_limit(number: int, acknowledge: Acknowledge, *, root: str) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536))
    acknowledge(_refusals(LocalStore(Path(root)), Path(__file__)))


def _refusals(store: LocalStore, source: Path) -> list[list[str | None]]:
    refusals = []
    for attempt in (
        lambda: store.create("big/a", b"x" * 3_000_000),
        lambda: store.put("big/b", b"x" * 3_000_000),
    ):
        with pytest.raises(RemoteError) as caught:
            attempt()
        refusals.append([caught.value.what, caught.value.hint])
    return refusals


def test_a_full_disk_is_a_remote_error_with_a_hint_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with _mounted(tmp_path / "disk", "size=1m") as mounted:
        store = LocalStore(tmp_path / "disk" / "workspace")
        store.create("before", b"x")
        if mounted:
            refusals = _refusals(store, tmp_path)
            assert "No space left" in str(refusals[0][0])
        else:
            ((refusals,),) = at_once(f"{__name__}:write_with_a_limit", 1, root=str(store.root))
        assert all(what and hint for what, hint in refusals)
        assert [item.key for item in store.list("")] == ["before"]
        assert list((store.root / ".tmp").iterdir()) == []
        assert store.create("after", b"x")


def test_a_download_onto_a_full_disk_is_a_remote_error(tmp_path: Path) -> None:
    with _mounted(tmp_path / "disk", "size=1m") as mounted:
        if not mounted:
            pytest.skip("this user cannot mount a small disk; the next test covers the same code")
        store = LocalStore(tmp_path / "workspace")
        store.create("big", b"x" * 3_000_000)
        with pytest.raises(RemoteError):
            store.download("big", tmp_path / "disk" / "copy")


def test_a_read_only_disk_can_be_read_and_refuses_writes_with_a_hint(tmp_path: Path) -> None:
    with _mounted(tmp_path / "disk", "size=1m") as mounted:
        store = LocalStore(tmp_path / "disk" / "workspace")
        store.create("a/b", b"x")
        if not mounted:
            pytest.skip("this user cannot mount a small disk; the next test covers the same code")
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "disk")], check=True)
        assert store.get("a/b") == b"x"
        assert [item.key for item in store.list("")] == ["a/b"]
        for write in (
            lambda: store.create("a/c", b"x"),
            lambda: store.put("a/b", b"y"),
            lambda: store.delete("a/b"),
            lambda: LocalStore(store.root).create("a/c", b"x"),
        ):
            with pytest.raises(RemoteError) as caught:
                write()
            assert "read-only" in str(caught.value.hint)


def write_without_access(number: int, acknowledge: Acknowledge, *, root: str) -> None:
    if os.geteuid() == 0:
        os.setgid(65_534)
        os.setuid(65_534)
    store = LocalStore(Path(root))
    acknowledge([store.get("a/b") == b"x", [item.key for item in store.list("")]])
    for write in (lambda: store.create("a/c", b"x"), lambda: store.put("a/b", b"y"), lambda: store.delete("a/b")):
        try:
            write()
        except RemoteError as error:
            acknowledge([error.what, error.hint])


def test_a_folder_without_write_access_can_be_read_and_refuses_writes_with_a_hint() -> None:
    with tempfile.TemporaryDirectory(prefix="mlops-ci-read-only-") as folder:
        root = Path(folder) / "workspace"
        LocalStore(root).create("a/b", b"x")
        Path(folder).chmod(0o755)
        paths = sorted([root, *root.rglob("*")])
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            ((read, *refusals),) = at_once(f"{__name__}:write_without_access", 1, root=str(root))
        finally:
            for path in paths:
                path.chmod(0o755)
        assert read == [True, ["a/b"]]
        assert len(refusals) == 3
        for what, hint in refusals:
            assert "Permission denied" in what
            assert "write access" in hint
        assert LocalStore(root).get("a/b") == b"x"
