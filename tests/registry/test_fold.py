"""What the fold accepts as a model's log, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.errors import IntegrityError
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.registry.check import check_model
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.model_names import model_names
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.register import register
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.layout import hint_key, log_key
from mlops_ci.workspace.store import Store
from tests.registry.conftest import Make
from tests.registry.making import MODEL, open_log, sha
from tests.workspace.memory import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def three(store: MemoryStore, versions: Callable[[int], object]) -> MemoryStore:
    versions(3)
    return store


def _entry(store: Store, seq: int) -> dict[str, Any]:
    data = store.get(log_key(MODEL, seq))
    assert data is not None
    entry: dict[str, Any] = json.loads(data)
    return entry


def _replace(store: Store, seq: int, **fields: Any) -> None:
    store.put(log_key(MODEL, seq), json.dumps(_entry(store, seq) | fields).encode())


def _append(store: Store, **fields: Any) -> None:
    """Chain one more entry to the log, made of the last one."""
    seq = sum(1 for _ in store.list(f"models/{MODEL}/log/"))
    data = store.get(log_key(MODEL, seq)) or b""
    entry = {**_entry(store, seq), "seq": seq + 1, "prev": digest_of_bytes(data), "txn": "other", **fields}
    assert store.create(log_key(MODEL, seq + 1), json.dumps(entry).encode())


def _refused(store: Store, match: str, seq: int) -> None:
    """Neither reading nor writing goes past the entry; the check names it."""
    for use in (lambda log: log.read(), lambda log: set_tags(log, 1, {"a": "b"})):
        with pytest.raises(IntegrityError, match=match) as caught:
            use(open_log(store))
        assert caught.value.where == log_key(MODEL, seq)
    (finding,) = (f for f in check_model(open_log(store), read_data=True).findings if "/log/" in f.key)
    assert finding.key == log_key(MODEL, seq)


def test_an_empty_log_is_a_model_without_versions(store: MemoryStore) -> None:
    state = open_log(store).read()
    assert (state.head, state.head_digest, state.versions, state.next_version) == (0, None, {}, 1)


def test_a_missing_entry_is_a_gap(three: MemoryStore) -> None:
    three.delete(log_key(MODEL, 2))
    _refused(three, "missing", 2)


def test_a_missing_first_entry_is_a_gap(three: MemoryStore) -> None:
    three.delete(log_key(MODEL, 1))
    _refused(three, "missing", 1)


def test_without_a_hint_an_entry_far_behind_the_end_is_a_gap(three: MemoryStore) -> None:
    three.create(log_key(MODEL, 100), b"{}")
    three.delete(hint_key(MODEL))
    _refused(three, "missing", 4)


class LateListing(MemoryStore):
    """A listing that was begun before an entry was written, and ended after the next one was."""

    def list(self, prefix: str) -> Any:
        return (item for item in super().list(prefix) if item.key != log_key(MODEL, 2))


def test_an_entry_that_only_the_listing_lacks_is_no_gap(three: MemoryStore) -> None:
    late = LateListing()
    late.objects = three.objects
    late._modified = three._modified
    assert len(open_log(late).read().versions) == 3


def test_files_beside_the_entries_are_no_entries(three: MemoryStore) -> None:
    for name in ("00000000000000000009", "00000000000000000009.json.tmp", "notes.txt", "9.json"):
        three.create(f"models/{MODEL}/log/{name}", b"?")
    assert open_log(three).read().head == 3


def test_a_changed_entry_breaks_the_chain_at_the_next_one(three: MemoryStore) -> None:
    _replace(three, 2, tags={"smuggled": "in"})
    _refused(three, "chain", 3)


def test_a_changed_byte_of_white_space_breaks_the_chain(three: MemoryStore) -> None:
    data = three.get(log_key(MODEL, 1))
    assert data is not None
    three.put(log_key(MODEL, 1), data + b" ")
    _refused(three, "chain", 2)


def test_an_entry_chained_to_another_log_is_refused(three: MemoryStore) -> None:
    _append(three, prev=digest_of_bytes(b"other"), version=4)
    _refused(three, "chain", 4)


def test_an_entry_under_another_number_is_refused(three: MemoryStore) -> None:
    _append(three, seq=7, version=4)
    _refused(three, "number 7", 4)


@pytest.mark.parametrize("version", [0, 3, 5, -1])
def test_a_wrong_version_number_is_refused(three: MemoryStore, version: int) -> None:
    _append(three, version=version)
    _refused(three, "follows version 3", 4)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"format": 1}', b"<html>502</html>"], ids=ascii
)
def test_damaged_json_is_refused(three: MemoryStore, data: bytes) -> None:
    three.put(log_key(MODEL, 2), data)
    _refused(three, "not a valid", 2)


def test_a_truncated_entry_is_refused(three: MemoryStore) -> None:
    data = three.get(log_key(MODEL, 3)) or b""
    three.put(log_key(MODEL, 3), data[: len(data) // 2])
    _refused(three, "not a valid", 3)


def test_an_entry_without_a_field_of_its_operation_is_refused(three: MemoryStore) -> None:
    entry = _entry(three, 3)
    del entry["digest"]
    three.put(log_key(MODEL, 3), json.dumps(entry).encode())
    _refused(three, "digest", 3)


def test_a_newer_log_format_is_refused(three: MemoryStore) -> None:
    _append(three, format=2, version=4)
    _refused(three, "format 2", 4)


@pytest.mark.parametrize("op", ["link", "tag", "verdict", "alias"])
def test_an_entry_about_a_version_that_does_not_exist_is_refused(three: MemoryStore, op: str) -> None:
    fields: dict[str, Any] = {"commit": sha(9), "alias": "champion", "expect": None, "verdict": None}
    if op == "verdict":
        side = {"digest": "x"}
        fields["verdict"] = {
            "outcome": "pass", "summary": "", "outcomes": [], "rules": [], "candidate": side, "baseline": None,
            "evaluation_set": None,
            "rows": None, "confidence": 0.9, "on_inconclusive": "block", "rules_digest": "",
        }  # fmt: skip
    _append(three, op=op, version=4, **fields)
    _refused(three, "version 4, which does not exist", 4)


def test_an_alias_that_moves_from_where_it_was_not_is_refused(three: MemoryStore) -> None:
    _append(three, op="alias", alias="champion", version=2, expect=1, verdict=None, reason=None)
    _refused(three, "moved from where it was not", 4)


def test_an_alias_that_moves_to_other_bytes_than_were_judged_is_refused(three: MemoryStore) -> None:
    judged = {"seq": 1, "candidate": "sha256:other", "outcome": "pass"}
    _append(three, op="alias", alias="champion", version=2, expect=None, verdict=judged, reason=None)
    _refused(three, "another model than the one judged", 4)


@pytest.mark.parametrize("path", ["../x", "/etc/cron.d/x", "a/../../x", "./x", "a//x", ".", "..", "", "a/.."])
def test_a_version_with_a_file_outside_its_folder_is_refused(three: MemoryStore, path: str) -> None:
    files = [{"path": path, "digest": "sha256:0", "size": 1}]
    _append(three, version=4, commit=sha(4), fingerprint="f4", files=files)
    _refused(three, "outside its folder", 4)


def test_an_unknown_operation_is_skipped_where_it_may_be(three: MemoryStore, make: Make) -> None:
    _append(three, op="sing", must_understand=False, song="la")
    log = open_log(three)
    state = log.read()
    assert (state.head, len(state.versions)) == (4, 3)
    assert list(log.entries())[-1].body is None
    assert register(log, make(sha(4), "f4")).version.version == 4
    assert open_log(three).read().head == 5


def test_an_operation_that_must_be_understood_and_is_not_allows_reading_only(three: MemoryStore, make: Make) -> None:
    _append(three, op="sing", must_understand=True, version=1)
    log = open_log(three)
    state = log.read()
    assert (state.head, state.not_understood, len(state.versions)) == (4, ["sing"], 3)
    before = dict(three.objects)
    writes: list[Callable[[ModelLog], object]] = [
        lambda log: set_tags(log, 1, {"a": "b"}),
        lambda log: move_alias(log, "champion", 1, rollback=False, reason=None),
        lambda log: register(log, make(sha(1), "f9")),
    ]
    for write in writes:
        with pytest.raises(IntegrityError, match="sing") as caught:
            write(log)
        assert caught.value.hint == "upgrade mlops-ci to write; reading still works"
    assert three.objects.keys() >= before.keys()
    assert {key for key in three.objects if "/log/" in key} == {key for key in before if "/log/" in key}


def test_what_needs_no_entry_still_works_after_an_operation_not_understood(three: MemoryStore, make: Make) -> None:
    _append(three, op="sing", must_understand=True, version=1)
    assert register(open_log(three), make(sha(2), "f2")).how == "existing"


def test_a_refused_entry_leaves_the_state_before_it(three: MemoryStore) -> None:
    three.put(log_key(MODEL, 3), b"{")
    log = open_log(three)
    for _ in range(2):
        with pytest.raises(IntegrityError):
            log.read()
        assert (log.folded.head, list(log.folded.versions)) == (2, [1, 2])


def test_models_are_named_by_their_logs(three: MemoryStore, make: Make) -> None:
    for model in ("b", "a.b", "a-b", "a"):
        register(open_log(three, model), make(sha(1), "f1"))
    three.create("models/only-uploaded/objects/x/files/y", b"")
    assert list(model_names(three)) == ["a", "a-b", "a.b", "b", MODEL]


def test_every_entry_tells_who_and_when(three: MemoryStore, tmp_path: Path) -> None:
    first, second = (_entry(three, seq) for seq in (1, 2))
    assert first["actor"]["name"] == "tester"
    assert first["time"] == "2026-01-01T00:00:01.000Z"
    assert (first["op"], first["must_understand"], first["prev"]) == ("register", True, None)
    assert first["txn"] != second["txn"]
