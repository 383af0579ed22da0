"""From a URL to a workspace, and what its first object says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.errors import IntegrityError, RemoteError, UsageError
from mlops_ci.workspace.format import initialise, read_format
from mlops_ci.workspace.layout import FORMAT_KEY
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.open import open_store
from mlops_ci.workspace.store import Store
from tests.parts.backends import Backend
from tests.workspace.memory import MemoryStore


def _written(store: Store, **fields: Any) -> Store:
    store.create("workspace.json", json.dumps({"format": 1, "id": "x", "features": [], **fields}).encode())
    return store


def test_a_fresh_storage_has_no_format(store: Store) -> None:
    assert read_format(store) is None
    assert list(store.list("")) == []


def test_a_storage_is_initialised_once_and_keeps_its_id(backend: Backend) -> None:
    first = initialise(backend.open())
    assert first.format == 1
    assert first.id.isalnum()
    assert initialise(backend.open()) == first
    assert read_format(backend.open()) == first


def test_initialising_after_somebody_else_takes_their_id(store: Store) -> None:
    _written(store, id="theirs")
    assert initialise(store).id == "theirs"


class RacedStore(MemoryStore):
    """Somebody else initialises between our look and our write."""

    def create(self, key: str, data: bytes) -> bool:
        if key == FORMAT_KEY:
            super().create(key, b'{"format": 1, "id": "theirs", "features": []}')
        return super().create(key, data)


def test_initialising_in_a_race_takes_the_winners_id() -> None:
    assert initialise(RacedStore()).id == "theirs"


class ForgetfulStore(MemoryStore):
    """Accepts what it does not keep."""

    keeps = "nothing"

    def create(self, key: str, data: bytes) -> bool:
        return super().create(key, data) if key.startswith(self.keeps) else True


def test_a_storage_that_keeps_nothing_is_refused() -> None:
    store = ForgetfulStore()
    with pytest.raises(RemoteError, match="does not keep a key"):
        initialise(store)
    store.keeps = "probes/"
    with pytest.raises(IntegrityError, match="did not keep"):
        initialise(store)


def test_a_workspace_of_a_newer_format_is_refused(store: Store) -> None:
    _written(store, format=2)
    for use in (read_format, initialise):
        with pytest.raises(IntegrityError, match="newer mlops-ci") as caught:
            use(store)
        assert caught.value.hint == "upgrade mlops-ci"


def test_a_workspace_with_an_unknown_feature_is_refused_by_name(store: Store) -> None:
    _written(store, features=["encrypted-objects"])
    with pytest.raises(IntegrityError, match="encrypted-objects"):
        initialise(store)


def test_an_unknown_field_of_the_format_record_is_ignored(store: Store) -> None:
    found = read_format(_written(store, comment="later"))
    assert found is not None
    assert found.id == "x"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"format": "one", "id": "x"}', b"\xff", b"null", b"<html>"])
def test_a_damaged_format_record_is_an_integrity_error_and_is_not_replaced(store: Store, data: bytes) -> None:
    store.create("workspace.json", data)
    with pytest.raises(IntegrityError):
        initialise(store)
    assert store.get("workspace.json") == data


def test_a_relative_path_starts_from_the_given_folder(tmp_path: Path) -> None:
    assert open_store("a/b", tmp_path).url == str(tmp_path / "a/b")
    assert open_store(str(tmp_path / "c"), Path("/elsewhere")).url == str(tmp_path / "c")
    assert open_store(f"file://{tmp_path}/d", Path("/elsewhere")).url == str(tmp_path / "d")
    assert open_store(f"FILE://{tmp_path}/d".replace("FILE", "file"), tmp_path).url == str(tmp_path / "d")


def test_opening_writes_nothing(tmp_path: Path) -> None:
    open_store("workspace", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["ftp://host/x", "s4://bucket", "HTTPS://example.org/", "javascript://x", "a+b.c://x"])
def test_an_unsupported_scheme_is_a_usage_error_that_lists_the_others(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(url, tmp_path)
    assert url.partition("://")[0].lower() in caught.value.what
    assert "file://" in str(caught.value.hint)


def test_a_workspace_below_a_file_is_a_remote_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = LocalStore(tmp_path / "file" / "workspace")
    assert store.get("a") is None
    assert list(store.list("")) == []
    with pytest.raises(RemoteError):
        initialise(store)
