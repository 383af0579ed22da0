"""Every damage to a stored object is named by the check and refused by a download."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_ci.errors import ConflictError, IntegrityError
from mlops_ci.registry.check import check_model
from mlops_ci.registry.download import download_version, fetch_predictions
from mlops_ci.registry.register import register
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.layout import log_key, objects_prefix
from mlops_ci.workspace.store import Store
from tests.registry.conftest import Make
from tests.registry.making import MODEL, open_log, require_whole, sha, with_predictions

Damage = Callable[[Store, str, bytes, bytes], None]


def _flip(store: Store, key: str, data: bytes, other: bytes) -> None:
    middle = len(data) // 2
    store.put(key, data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])


def _truncate(store: Store, key: str, data: bytes, other: bytes) -> None:
    store.put(key, data[:-1])


def _empty(store: Store, key: str, data: bytes, other: bytes) -> None:
    store.put(key, b"")


def _extend(store: Store, key: str, data: bytes, other: bytes) -> None:
    store.put(key, data + b"\0")


def _delete(store: Store, key: str, data: bytes, other: bytes) -> None:
    store.delete(key)


def _swap(store: Store, key: str, data: bytes, other: bytes) -> None:
    store.put(key, other)


DAMAGES: list[Damage] = [_flip, _truncate, _empty, _extend, _delete, _swap]
VERSIONS, FILES = 4, ("model.onnx", "labels/é.json", "weights.bin")


@pytest.fixture
def state(store: Store, make: Make, tmp_path: Path) -> ModelState:
    """Four versions of three files and predictions each, all of one length, so that only content tells them apart."""
    log = open_log(store)
    for number in range(1, VERSIONS + 1):
        files = {path: f"{path[:5]} of v{number} ".encode() * 50 for path in FILES}
        predictions = with_predictions(tmp_path / "sources", f"score of v{number} ".encode() * 50)
        register(log, make(sha(number), f"f{number}", files=files, **predictions))
    return log.read()


def _keys(store: Store) -> list[str]:
    return [item.key for item in store.list(objects_prefix(MODEL))]


def _refused_downloads(store: Store, state: ModelState, folder: Path) -> list[int]:
    """The versions that something of is refused; what is written is right."""
    refused = []
    for number, version in state.versions.items():
        target = folder / f"v{number}"
        target.mkdir(parents=True)
        try:
            download_version(store, version, target)
            (evaluation,) = version.evaluations
            fetch_predictions(store, MODEL, evaluation, target / "predictions")
        except IntegrityError:
            refused.append(number)
        for path in (path for path in target.rglob("*") if path.is_file()):
            what = "score" if path.name == "predictions" else path.relative_to(target).as_posix()[:5]
            assert path.read_bytes() == f"{what} of v{number} ".encode() * 50, f"{path} is not what was registered"
    return refused


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__.strip("_"))
def test_every_damaged_object_is_named_and_refused(
    store: Store, state: ModelState, tmp_path: Path, damage: Damage
) -> None:
    keys = _keys(store)
    assert len(keys) == VERSIONS * (len(FILES) + 1)
    for number, key in enumerate(keys):
        data, other = store.get(key), store.get(keys[(number + 5) % len(keys)])
        assert data is not None
        assert other is not None
        assert data != other
        damage(store, key, data, other)
        (finding,) = check_model(open_log(store), read_data=True).findings
        assert finding.key == key
        attempt = key.removeprefix(objects_prefix(MODEL)).partition("/")[0]
        owners = [v.version for v in state.versions.values() if v.attempt == attempt]
        assert _refused_downloads(store, state, tmp_path / f"copy{number}") == owners
        store.put(key, data)
    require_whole(store)


def test_all_damages_at_once_are_all_named(store: Store, state: ModelState) -> None:
    keys = _keys(store)
    for number, key in enumerate(keys):
        data = store.get(key)
        assert data is not None
        DAMAGES[number % 5](store, key, data, b"")
    assert sorted(finding.key for finding in check_model(open_log(store), read_data=True).findings) == keys


def test_a_damaged_entry_does_not_hide_damaged_objects_of_versions_before_it(store: Store, state: ModelState) -> None:
    key = _keys(store)[0]
    attempt = key.removeprefix(objects_prefix(MODEL)).partition("/")[0]
    (owner,) = (v.version for v in state.versions.values() if v.attempt == attempt)
    store.delete(key)
    store.create(log_key(MODEL, state.head + 1), b"{")
    findings = {finding.key for finding in check_model(open_log(store), read_data=True).findings}
    assert findings == {log_key(MODEL, state.head + 1), key}
    assert owner <= VERSIONS


def test_the_check_counts_what_it_saw_and_lists_orphans_apart(store: Store, state: ModelState) -> None:
    store.create(f"{objects_prefix(MODEL)}attempt/files/model.onnx", b"left by a crash")
    check = check_model(open_log(store), read_data=True)
    assert (check.entries, check.versions, check.objects) == (VERSIONS, VERSIONS, VERSIONS * (len(FILES) + 1))
    assert check.findings == ()
    assert check.orphans == (f"{objects_prefix(MODEL)}attempt/files/model.onnx",)
    assert check.size == sum(item.size for item in store.list(objects_prefix(MODEL))) - len(b"left by a crash")


def test_a_download_is_repeatable_and_completes_what_is_missing(
    store: Store, state: ModelState, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    paths = download_version(store, state.versions[1], folder)
    assert [path.relative_to(folder).as_posix() for path in paths] == list(FILES)
    paths[1].unlink()
    assert download_version(store, state.versions[1], folder) == paths
    assert all(path.is_file() for path in paths)
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == sorted(paths)


def test_a_download_does_not_overwrite_another_file(store: Store, state: ModelState, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    (folder / "labels").mkdir(parents=True)
    (folder / FILES[1]).write_bytes(b"mine")
    with pytest.raises(ConflictError):
        download_version(store, state.versions[1], folder)
    assert [path for path in folder.rglob("*") if path.is_file()] == [folder / FILES[1]]
    assert (folder / FILES[1]).read_bytes() == b"mine"
