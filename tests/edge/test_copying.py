"""A file is copied and its copy hashed, with and without the kernel's help."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from mlops_ci.edge.copying import copy_hashed


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (8 << 20) + 1, 30_000_000])
@pytest.mark.parametrize("help_of_the_kernel", ["full", "none", "refused", "at first"])
def test_a_copy_is_whole_and_its_digest_that_of_its_bytes(
    size: int, help_of_the_kernel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, moves = os.urandom(size), list[int]()
    (tmp_path / "source").write_bytes(data)
    original, calls = getattr(os, "copy_file_range", None), 0

    def copy_file_range(*arguments: int) -> int:
        nonlocal calls
        calls += 1
        if help_of_the_kernel == "at first" and calls == 1 and original:
            return int(original(*arguments))
        if help_of_the_kernel == "none":
            return 0
        raise OSError(errno.EXDEV, "not between these")

    if help_of_the_kernel != "full":
        monkeypatch.setattr(os, "copy_file_range", copy_file_range, raising=False)
    with (tmp_path / "source").open("rb") as source, (tmp_path / "target").open("x+b") as target:
        found = copy_hashed(source, target, moves.append)
    assert (tmp_path / "target").read_bytes() == data
    assert found == (f"sha256:{hashlib.sha256(data).hexdigest()}", size)
    assert moves == sorted(moves)
    assert (moves or [0])[-1] == size


def test_a_copy_that_cannot_be_read_back_is_no_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "source").write_bytes(bytes(20 << 20))
    monkeypatch.setattr(os, "pread", lambda *_: b"")
    monkeypatch.setattr(os, "copy_file_range", lambda *_: 1000, raising=False)
    with (
        (tmp_path / "source").open("rb") as source,
        (tmp_path / "target").open("x+b") as target,
        pytest.raises(OSError, match="shorter than what was written"),
    ):
        copy_hashed(source, target, list[int]().append)
