"""A workspace that is only read behaves as one that may be written, and is as before afterwards."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.read_only import ReadOnlyStore
from mlops_ci.workspace.store import Store
from tests.support.lab import tree_bytes

KEYS = st.sampled_from(["a", "b/1", "b/2", "c/d/e"])
DATA = st.binary(max_size=4)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["create", "put"]), KEYS, DATA),
        st.tuples(st.sampled_from(["get", "delete"]), KEYS),
        st.tuples(st.just("list"), st.sampled_from(["", "b/", "c/"])),
    ),
    max_size=12,
)


def act(store: Store, what: str, *arguments: Any) -> Any:
    if what == "list":
        return [(item.key, item.size) for item in store.list(*arguments)]
    return getattr(store, what)(*arguments)


@settings(deadline=None, max_examples=40)
@given(there=st.dictionaries(KEYS, DATA), acts=ACTS)
def test_it_answers_as_a_copy_would_that_may_be_written(there: dict[str, bytes], acts: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        below, copy = LocalStore(Path(name, "below")), LocalStore(Path(name, "copy"))
        for key, data in there.items():
            below.create(key, data)
            copy.create(key, data)
        before = tree_bytes(Path(name, "below"))
        store = ReadOnlyStore(below, below.url)
        for what, *arguments in acts:
            assert act(store, what, *arguments) == act(copy, what, *arguments), (what, arguments)
        assert tree_bytes(Path(name, "below")) == before


def test_files_go_the_same_way(tmp_path: Path) -> None:
    below = LocalStore(tmp_path / "below")
    (tmp_path / "file").write_bytes(b"old")
    below.upload("old", tmp_path / "file")
    store = ReadOnlyStore(below, below.url)
    (tmp_path / "file").write_bytes(b"new")
    store.upload("new", tmp_path / "file")
    for key in ("old", "new"):
        assert store.download(key, tmp_path / key) is not None
        assert (tmp_path / key).read_bytes() == key.encode()
    store.delete("old")
    assert store.download("old", tmp_path / "again") is None
    assert below.get("new") is None
    assert below.get("old") == b"old"
    assert list(store.folders("")) == []


def test_without_anything_to_read_it_begins_empty() -> None:
    store = ReadOnlyStore(None, "s3://models")
    assert store.url == "s3://models"
    assert store.get("a") is None
    with store.together():
        assert store.create("a", b"1")
    assert not store.create("a", b"2")
    assert [item.key for item in store.list("")] == ["a"]
    assert store.sweep(0.0) == 0
