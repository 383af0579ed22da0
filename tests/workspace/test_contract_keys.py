"""Keys that every backend takes, and keys that every backend refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_ci.errors import IntegrityError
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.store import Store

HOSTILE = [
    "", ".", "..", "../a", "a/../../b", "a/../b", "a/..", "/a", "//a", "/etc/passwd", "a\0b", "a//b", "./a", "a/./b",
    "a/", "a/b/", "\ud800", "a/\udcff",
]  # fmt: skip

ORDINARY = [
    "a", "a b/c d", "日本/モデル.onnx", "é", "e\u0301x", "🚀/x", "a..b", "...", "..a/b", "a:b", "a\\b", "a;b$(c)",
    "-rf", "%2e%2e/x", "~", "~root/x", "a\nb", "*", "x" * 200, "/".join("abcdefghij"),
]  # fmt: skip


def _methods(store: Store, file: Path) -> list[Callable[[str], object]]:
    return [
        store.get,
        store.delete,
        lambda key: store.create(key, b"x"),
        lambda key: store.put(key, b"x"),
        lambda key: store.upload(key, file),
        lambda key: store.download(key, file.with_name("copy")),
    ]


@pytest.mark.parametrize("key", HOSTILE, ids=ascii)
def test_a_hostile_key_is_refused_by_every_method(store: Store, tmp_path: Path, key: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x")
    before = sorted(tmp_path.rglob("*"))
    for method in _methods(store, file):
        with pytest.raises(IntegrityError):
            method(key)
    assert sorted(tmp_path.rglob("*")) == before
    assert list(store.list("")) == []


@pytest.mark.parametrize("prefix", ["../", "/", "a/../../", "a/../"])
def test_a_hostile_prefix_is_refused(store: Store, prefix: str) -> None:
    with pytest.raises(IntegrityError):
        list(store.list(prefix))


@pytest.mark.parametrize("key", ORDINARY, ids=ascii)
def test_an_ordinary_key_is_taken_literally(store: Store, key: str) -> None:
    assert store.create(key, b"x")
    assert [item.key for item in store.list("")] == [key]
    assert store.get(key) == b"x"
    store.delete(key)
    assert list(store.list("")) == []


@pytest.mark.parametrize("key", [".tmp/x", ".tmp", ".gitignore"])
def test_what_a_local_workspace_does_not_list_is_no_key(local: LocalStore, key: str) -> None:
    with pytest.raises(IntegrityError):
        local.create(key, b"x")
