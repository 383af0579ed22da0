"""Registering is idempotent by (model, commit, fingerprint)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_ci.errors import ConflictError, IntegrityError, RemoteError
from mlops_ci.registry.check import check_model
from mlops_ci.registry.download import fetch_predictions
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import Registered, register
from mlops_ci.registry.uploads import LocalFile
from mlops_ci.workspace.layout import log_prefix, objects_prefix
from mlops_ci.workspace.store import Store
from tests.registry.conftest import Make
from tests.registry.making import MODEL, open_log, require_whole, sha, with_predictions
from tests.workspace.memory import MemoryStore


def _entries(store: Store) -> int:
    return sum(1 for _ in store.list(log_prefix(MODEL)))


def _objects(store: Store) -> int:
    return sum(1 for _ in store.list(objects_prefix(MODEL)))


def test_the_first_version_is_v1_and_holds_what_was_asked(store: Store, log: ModelLog, make: Make) -> None:
    request = make(
        sha(1),
        "f1",
        files={"model.onnx": b"weights", "config/labels.json": b"[]"},
        tags={"team": "fraud"},
        metrics={"auc": 0.9, "broken": None},
        params={"depth": 3, "deep": {"list": [1, "two", None]}},
        datasets={"rows": "sha256:d"},
        data_time="2026-01-01T00:00:00.000Z",
        run="r1",
    )
    done = register(log, request)
    assert (done.version.version, done.how, done.differs) == (1, "created", False)
    version = require_whole(store).versions[1]
    assert version == done.version
    assert (version.commit, version.fingerprint, version.digest) == (sha(1), "f1", request.digest)
    assert version.files == tuple(file.record for file in request.files)
    assert version.metrics == {"auc": 0.9, "broken": None}
    assert version.params == {"depth": 3, "deep": {"list": [1, "two", None]}}
    assert (version.tags, version.datasets, version.run) == ({"team": "fraud"}, {"rows": "sha256:d"}, "r1")


def test_registering_the_same_commit_twice_returns_the_same_version(store: Store, log: ModelLog, make: Make) -> None:
    first = register(log, make(sha(1), "f1"))
    before = _entries(store), _objects(store)
    for again in (register(log, make(sha(1), "f1")), register(open_log(store), make(sha(1), "f1"))):
        assert (again.version, again.how, again.differs) == (first.version, "existing", False)
    assert (_entries(store), _objects(store)) == before == (1, 1)


def test_another_fingerprint_of_the_same_commit_is_a_new_version(store: Store, log: ModelLog, make: Make) -> None:
    assert [register(log, make(sha(1), f"f{n}")).version.version for n in range(3)] == [1, 2, 3]
    assert {version.commit for version in require_whole(store).versions.values()} == {sha(1)}


def test_a_known_fingerprint_under_another_commit_is_a_link(store: Store, log: ModelLog, make: Make) -> None:
    register(log, make(sha(1), "f1"))
    linked = register(log, make(sha(2), "f1"))
    assert (linked.how, linked.version.version, linked.version.links) == ("linked", 1, (sha(2),))
    again = register(open_log(store), make(sha(2), "f1"))
    assert (again.how, again.version) == ("existing", linked.version)
    assert (_entries(store), _objects(store)) == (2, 1)
    assert list(require_whole(store).versions) == [1]


def test_a_model_without_a_commit_is_registered_once(store: Store, log: ModelLog, make: Make) -> None:
    assert register(log, make(None, "f1")).how == "created"
    assert register(log, make(None, "f1")).how == "existing"
    linked = register(log, make(sha(1), "f1"))
    assert (linked.how, linked.version.commit, linked.version.links) == ("linked", None, (sha(1),))
    assert _entries(store) == 2


def test_a_known_fingerprint_without_a_commit_is_there_already(log: ModelLog, make: Make) -> None:
    register(log, make(sha(1), "f1"))
    found = register(log, make(None, "f1"))
    assert (found.how, found.version.version, found.version.links) == ("existing", 1, ())


@pytest.mark.parametrize("commit", [sha(1), sha(2)])
def test_other_bytes_under_a_known_key_keep_the_old_ones_and_say_so(
    store: Store, log: ModelLog, make: Make, commit: str
) -> None:
    first = register(log, make(sha(1), "f1"))
    other = register(log, make(commit, "f1", files={"model.bin": b"other"}))
    assert other.differs
    assert (other.version.version, other.version.digest) == (1, first.version.digest)
    assert require_whole(store).versions[1].files == first.version.files
    assert _objects(store) == 1


@pytest.mark.parametrize("commit", [sha(1), sha(2)])
def test_other_bytes_under_a_known_key_are_a_conflict_on_request(
    store: Store, log: ModelLog, make: Make, commit: str
) -> None:
    register(log, make(sha(1), "f1"))
    with pytest.raises(ConflictError) as caught:
        register(log, make(commit, "f1", files={"model.bin": b"other"}), on_existing="error")
    assert caught.value.exit_code == 4
    assert (_entries(store), _objects(store)) == (1, 1)


def test_the_same_bytes_under_a_known_key_are_no_conflict(log: ModelLog, make: Make) -> None:
    register(log, make(sha(1), "f1"))
    assert register(log, make(sha(1), "f1"), on_existing="error").how == "existing"
    assert register(log, make(sha(2), "f1"), on_existing="error").how == "linked"


def test_the_same_bytes_under_another_name_are_other_bytes(log: ModelLog, make: Make) -> None:
    register(log, make(sha(1), "f1", files={"a": b"x", "b": b"y"}))
    assert not register(log, make(sha(1), "f1", files={"b": b"y", "a": b"x"})).differs
    assert register(log, make(sha(1), "f1", files={"a": b"y", "b": b"x"})).differs


def test_a_model_of_many_files_is_registered_whole(store: Store, log: ModelLog, make: Make) -> None:
    files = {f"part {n % 7}/日本-{n}.bin": bytes([n % 256]) * n for n in range(150)}
    version = register(log, make(sha(1), "f1", files=files)).version
    assert {file.path: file.size for file in version.files} == {path: len(data) for path, data in files.items()}
    require_whole(store)
    assert _objects(store) == 150


def test_predictions_are_stored_with_the_version(store: Store, log: ModelLog, make: Make, tmp_path: Path) -> None:
    version = register(log, make(sha(1), "f1", **with_predictions(tmp_path / "s", b"id,score\n1,0.5\n"))).version
    (evaluation,) = version.evaluations
    assert evaluation.attempt == version.attempt
    copy = fetch_predictions(store, MODEL, evaluation, tmp_path / "copy")
    assert copy is not None
    assert copy.read_bytes() == b"id,score\n1,0.5\n"
    require_whole(store)


def test_models_are_numbered_apart(store: Store, make: Make) -> None:
    for model in ("a", "b", "a.b"):
        assert register(open_log(store, model), make(sha(1), "f1")).version.version == 1
        require_whole(store, model)


def test_a_file_that_changes_while_it_is_uploaded_is_refused(store: Store, log: ModelLog, make: Make) -> None:
    request = make(sha(1), "f1")
    request.files[0].source().write_bytes(b"changed since it was hashed")
    with pytest.raises(IntegrityError, match="changed"):
        register(log, request)
    assert _entries(store) == 0


class PowerCut(BaseException):
    """The process is gone."""


class DyingStore(MemoryStore):
    """Dies at the N-th write."""

    def __init__(self, writes: int) -> None:
        super().__init__()
        self.left = writes

    def create(self, key: str, data: bytes) -> bool:
        self.left -= 1
        if self.left < 0:
            raise PowerCut
        return super().create(key, data)


@pytest.mark.parametrize("writes", [0, 1, 2, 3])
def test_a_crash_before_the_entry_leaves_no_version_and_a_second_run_converges(make: Make, writes: int) -> None:
    store = DyingStore(writes)
    request = make(sha(1), "f1", files={"a": b"1", "b": b"2", "c": b"3"})
    with pytest.raises(PowerCut):
        register(open_log(store), request)
    assert require_whole(store).versions == {}
    assert len(check_model(open_log(store), read_data=True).orphans) == writes
    store.left = 100
    assert register(open_log(store), request).how == "created"
    assert register(open_log(store), request).how == "existing"
    assert list(require_whole(store).versions) == [1]
    assert len(check_model(open_log(store), read_data=True).orphans) == writes


def test_registered_versions_are_in_the_state_they_were_returned_from(
    versions: Callable[[int], list[Registered]], store: Store
) -> None:
    done = versions(5)
    assert [registered.version for registered in done] == list(require_whole(store).versions.values())


def test_a_source_that_is_gone_registers_nothing(store: Store, log: ModelLog, make: Make, tmp_path: Path) -> None:
    request = make(sha(1), "f1")
    gone = (LocalFile(request.files[0].record, lambda: tmp_path / "gone"),)
    with pytest.raises(RemoteError):
        register(log, type(request)(sha(1), "f1", gone))
    assert _entries(store) == 0
