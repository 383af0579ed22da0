"""What every backend lists, and in which order."""

from __future__ import annotations

import random

import pytest

from mlops_ci.errors import RemoteError
from mlops_ci.workspace.store import Store
from tests.parts.backends import Backend


def _keys(store: Store, prefix: str = "") -> list[str]:
    return [item.key for item in store.list(prefix)]


def test_an_empty_workspace_lists_nothing(store: Store) -> None:
    assert _keys(store) == []
    assert _keys(store, "models/") == []


def test_a_listing_is_sorted_by_key_whatever_the_order_of_writing(store: Store) -> None:
    keys = ["a-b", "a.b", "a/b", "a/b.c", "a/b0", "a0", "aa/b", "b", "A/z", "a!/x", "a/é", "a/z", "日/本", "_/~"]
    random.Random(7).shuffle(keys)
    for key in keys:
        store.create(key, b"")
    assert _keys(store) == sorted(keys)


def test_log_entries_are_listed_in_the_order_of_their_numbers(store: Store) -> None:
    keys = [f"models/m/log/{number:020d}.json" for number in (10, 9, 1, 2, 100, 99)]
    for key in keys:
        store.create(key, b"")
    assert _keys(store, "models/m/log/") == sorted(keys)


def test_a_prefix_selects_a_folder_of_keys_and_nothing_beside_it(store: Store) -> None:
    for key in ("m/a", "m/b/c", "m2/a", "m.x/a", "n/m/a"):
        store.create(key, b"12")
    assert _keys(store, "m/") == ["m/a", "m/b/c"]
    assert _keys(store, "m/b/") == ["m/b/c"]
    assert _keys(store, "m/a/") == []
    assert _keys(store, "nothing/") == []


def test_a_listing_tells_sizes(store: Store) -> None:
    store.create("a", b"")
    store.create("b/c", b"12345")
    assert [(item.key, item.size) for item in store.list("")] == [("a", 0), ("b/c", 5)]


def test_a_listing_survives_deletions_while_it_is_read(store: Store) -> None:
    for number in range(20):
        store.create(f"f{number % 4}/{number:02d}", b"")
    seen = []
    for item in store.list(""):
        seen.append(item.key)
        for number in range(3, 20, 4):
            store.delete(f"f3/{number:02d}")
    assert set(seen) >= {f"f{number % 4}/{number:02d}" for number in range(20) if number % 4 != 3}
    assert seen == sorted(seen)


def test_keys_of_which_one_continues_another_are_kept_apart(store: Store) -> None:
    for key in ("a.b", "a/b", "ab", "a/b.c"):
        assert store.create(key, key.encode())
    assert {key: store.get(key) for key in _keys(store)} == {key: key.encode() for key in ("a.b", "a/b", "a/b.c", "ab")}
    store.delete("a/b")
    assert _keys(store) == ["a.b", "a/b.c", "ab"]


@pytest.mark.parametrize("order", [("a", "a/b"), ("a/b", "a")])
def test_an_object_and_a_folder_of_one_name_never_swallow_each_other(backend: Backend, order: tuple[str, str]) -> None:
    """An object store holds both; a file system refuses the second, and never says that it exists."""
    if backend.name == "s3" and order == ("a/b", "a"):
        pytest.skip("SeaweedFS keeps names in a tree, and says that a exists where a/b does; Amazon S3 does not")
    store = backend.open()
    first, second = order
    assert store.create(first, b"first")
    if backend.flat:
        assert store.create(second, b"second")
        assert store.get(second) == b"second"
    else:
        with pytest.raises(RemoteError):
            store.create(second, b"second")
        with pytest.raises(RemoteError):
            store.put(second, b"second")
        assert store.get(second) is None
        assert _keys(store) == [first]
    assert store.get(first) == b"first"


def test_folders_are_named_without_a_listing_of_what_is_in_them(store: Store) -> None:
    for key in ("a/b/c", "a/d", "a-b/e", "top", "é/x"):
        store.create(key, b"")
    assert list(store.folders("")) == sorted(["a", "a-b", "é"])
    assert list(store.folders("a/")) == ["b"]
    assert list(store.folders("nothing/")) == []
