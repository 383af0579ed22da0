"""Scratch folders: gone when their owner is, and not before."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.edge.scratch import scratch_folder


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_a_folder_is_not_taken_for_abandoned_while_it_is_being_made(monkeypatch: pytest.MonkeyPatch) -> None:
    lock, turn = fcntl.flock, [True]

    def late(file: Any, operation: int) -> None:
        if not operation & fcntl.LOCK_NB and turn.pop():
            turn.append(False)
            with scratch_folder():  # another process looks for what was abandoned, right before we hold the lock
                pass
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with scratch_folder() as folder:
        assert folder.is_dir()
        (folder / "file").write_text("x")


def test_the_folder_of_a_killed_owner_is_removed_by_the_next_to_come(tmp_path: Path) -> None:
    code = "import os, mlops_ci.edge.scratch as s\nwith s.scratch_folder():\n os.kill(os.getpid(), 9)"
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    assert subprocess.run([sys.executable, "-c", code], env=environ, check=False).returncode == -9
    assert len(list(tmp_path.iterdir())) == 1
    with scratch_folder() as folder:
        assert list(tmp_path.iterdir()) == [folder]
