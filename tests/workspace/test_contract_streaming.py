"""Files go through every backend in bounded memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.store import Store

MEGABYTE = 1 << 20


def _big(path: Path, megabytes: int) -> Path:
    with path.open("wb") as file:
        for number in range(megabytes):
            file.write(bytes([number % 251]) * MEGABYTE)
    return path


def test_a_big_object_arrives_whole(store: Store, tmp_path: Path) -> None:
    source = _big(tmp_path / "source", 7)
    sent = store.upload("big", source)
    assert store.download("big", tmp_path / "copy") == sent
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()


def test_a_big_object_is_streamed_both_ways(local: LocalStore, tmp_path: Path) -> None:
    source = _big(tmp_path / "source", 64)
    tracemalloc.start()
    try:
        local.upload("big", source)
        local.download("big", tmp_path / "copy")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "copy").stat().st_size == 64 * MEGABYTE
    assert peak < 8 * MEGABYTE
