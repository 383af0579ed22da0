"""What every backend does with an object. Runs on all of ``BACKENDS`` in conftest.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_ci.errors import RemoteError
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.workspace.store import Store, Written
from tests.parts.backends import Backend


def test_what_is_created_is_read_back(store: Store) -> None:
    assert store.create("a/b", b"first")
    assert store.get("a/b") == b"first"


def test_creating_an_existing_key_changes_nothing_and_says_so(store: Store) -> None:
    store.create("a", b"first")
    assert not store.create("a", b"second")
    assert store.get("a") == b"first"


def test_another_client_sees_what_was_created(backend: Backend) -> None:
    one, other = backend.open(), backend.open()
    assert one.create("a", b"first")
    assert not other.create("a", b"second")
    assert other.get("a") == b"first"


def test_a_missing_object_reads_as_none(store: Store, tmp_path: Path) -> None:
    assert store.get("a") is None
    assert store.get("a/b") is None
    assert store.download("a", tmp_path / "copy") is None
    assert not (tmp_path / "copy").exists()


def test_put_creates_and_replaces(store: Store) -> None:
    store.put("a", b"first")
    assert store.get("a") == b"first"
    store.put("a", b"second, longer")
    assert store.get("a") == b"second, longer"
    assert [item.size for item in store.list("")] == [14]


def test_create_does_not_replace_what_was_put(store: Store) -> None:
    store.put("a", b"first")
    assert not store.create("a", b"second")
    assert store.get("a") == b"first"


def test_an_empty_object_is_an_object(store: Store, tmp_path: Path) -> None:
    assert store.create("empty", b"")
    assert store.get("empty") == b""
    assert not store.create("empty", b"x")
    assert [(item.key, item.size) for item in store.list("")] == [("empty", 0)]
    assert store.download("empty", tmp_path / "copy") == Written(digest_of_bytes(b""), 0)
    assert (tmp_path / "copy").read_bytes() == b""


def test_an_upload_tells_digest_and_size_of_what_it_sent(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"model")
    assert store.upload("m/model.bin", source) == Written(digest_of_bytes(b"model"), 5)
    assert store.get("m/model.bin") == b"model"


def test_an_upload_leaves_what_exists_as_it_is(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"second")
    store.create("a", b"first")
    store.upload("a", source)
    assert store.get("a") == b"first"


def test_uploading_a_file_that_is_not_there_fails_and_creates_nothing(store: Store, tmp_path: Path) -> None:
    with pytest.raises(RemoteError):
        store.upload("a", tmp_path / "nothing")
    assert store.get("a") is None
    assert list(store.list("")) == []


def test_a_download_tells_digest_and_size_of_what_arrived(store: Store, tmp_path: Path) -> None:
    store.create("a", b"model")
    assert store.download("a", tmp_path / "copy") == Written(digest_of_bytes(b"model"), 5)
    assert (tmp_path / "copy").read_bytes() == b"model"


def test_a_download_never_overwrites_a_file(store: Store, tmp_path: Path) -> None:
    store.create("a", b"model")
    target = tmp_path / "copy"
    target.write_bytes(b"mine")
    with pytest.raises(RemoteError):
        store.download("a", target)
    assert target.read_bytes() == b"mine"


def test_a_deleted_object_is_gone_and_its_key_free(store: Store) -> None:
    store.create("a/b", b"first")
    store.delete("a/b")
    assert store.get("a/b") is None
    assert list(store.list("")) == []
    assert store.create("a/b", b"second")
    assert store.get("a/b") == b"second"


def test_deleting_what_is_not_there_is_no_error(store: Store) -> None:
    store.delete("a")
    store.create("a/b", b"")
    for key in ("a", "a/c", "a/b/c", "c/d"):
        store.delete(key)
    assert store.get("a/b") == b""


def test_all_bytes_survive(store: Store) -> None:
    data = bytes(range(256)) * 3 + b"\r\n\x00\x1a"
    store.create("a", data)
    store.put("b", data)
    assert store.get("a") == store.get("b") == data


def test_a_write_shows_a_newer_time(store: Store) -> None:
    store.put("a", b"1")
    (before,) = store.list("")
    store.put("a", b"2")
    (after,) = store.list("")
    assert after.modified >= before.modified
