"""200 damages to objects of every kind: each is named by the check, and nobody ever reads what is not so.

A newest entry that is cut off together with its hint leaves a log that is whole in itself: that shows only against a
pin (``test_pins.py``).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.records.codec import plain
from mlops_ci.registry import checkpoints
from mlops_ci.registry.check import check_model
from mlops_ci.registry.download import download_version
from mlops_ci.registry.index import catch_up, use_index
from mlops_ci.registry.model_names import traces_of_models
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.quick import resolve_quickly
from mlops_ci.registry.references import resolve
from mlops_ci.registry.register import register
from mlops_ci.registry.search import Query, search
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.store import Store
from tests.parts.need import soak
from tests.registry.conftest import Make
from tests.registry.making import open_log, sha, with_predictions
from tests.workspace.memory import MemoryStore

MODELS = ("a", "b", "c", "d")
Damage = Callable[[bytes, bytes, random.Random], bytes | None]


def _flip(data: bytes, other: bytes, chance: random.Random) -> bytes:
    where = chance.randrange(len(data))
    return data[:where] + bytes([data[where] ^ (1 << chance.randrange(8))]) + data[where + 1 :]


DAMAGES: dict[str, Damage] = {
    "flip": _flip,
    "truncate": lambda data, other, chance: data[: chance.randrange(len(data))],  # noqa: ARG005
    "empty": lambda data, other, chance: b"",  # noqa: ARG005
    "extend": lambda data, other, chance: data + bytes([chance.choice(b"\0 }x")]),  # noqa: ARG005
    "delete": lambda data, other, chance: None,  # noqa: ARG005
    "swap": lambda data, other, chance: other,  # noqa: ARG005
}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, make: Make, tmp_path: Path) -> MemoryStore:
    """Four models, one of a single entry; with checkpoints of four entries, three of which make a larger one."""
    monkeypatch.setattr(checkpoints, "INTERVAL", 4)
    monkeypatch.setattr(checkpoints, "_FAN", 3)
    store = MemoryStore()
    initialise(store)
    for model, length in zip(MODELS, (1, 4, 14, 17), strict=True):
        log = open_log(store, model)
        for number in range(1, min(length, 3) + 1):
            predictions = with_predictions(tmp_path / "sources", f"scores of {model} v{number}".encode())
            files = {"model.bin": f"weights of {model} v{number}".encode(), "labels.json": b"[]"}
            register(log, make(sha(number), f"{model}{number}", files=files, metrics={"auc": 0.5}, **predictions))
        if length > 3:
            move_alias(log, "champion", 2, rollback=False, reason=None)
        while log.read().head < length:
            set_tags(log, 1, {"n": str(log.read().head)})
    return store


def _kind(key: str) -> str:
    parts = key.split("/")
    return parts[2] if parts[0] == "models" else "static"


def _named(store: Store) -> set[str]:
    found = set()
    for name in traces_of_models(store):
        check = check_model(open_log(store, name), read_data=True)
        found |= {finding.key for finding in (*check.findings, *check.hints)}
    return found


def _reads(folder: Path) -> dict[str, Callable[[Store, str], Any]]:
    def download(store: Store, model: str) -> list[bytes]:
        target = folder / str(random.random())
        return [path.read_bytes() for path in download_version(store, _first(store, model), target)]

    def find(store: Store, model: str) -> Any:
        def search_in(index: Any) -> Any:
            catch_up(index, store, model)
            return [plain(version) for version in search(index, Query(model=model))]

        return use_index(None, search_in)

    return {
        "fold": lambda store, model: plain(list(open_log(store, model).read().versions.values())),
        "alias": lambda store, model: plain(resolve_quickly(open_log(store, model), "champion")),
        "search": find,
        "download": download,
    }


def _first(store: Store, model: str) -> Any:
    return resolve(open_log(store, model).read(), "v1")


def _outcome(read: Callable[[Store, str], Any], store: Store, model: str) -> Any:
    """What is read, or None where it is refused. Anything but a refusal escapes."""
    try:
        return read(store, model)
    except (IntegrityError, UsageError):
        return None


def test_every_damage_is_named_and_nothing_wrong_is_ever_read(store: MemoryStore, tmp_path: Path) -> None:
    reads = _reads(tmp_path / "copies")
    (tmp_path / "copies").mkdir()
    truth = {(name, model): _outcome(read, store, model) for name, read in reads.items() for model in MODELS}
    assert _named(store) == set()
    keys = sorted(key for key in store.objects if key != "workspace.json")
    by_kind: dict[str, list[str]] = {}
    for key in keys:
        by_kind.setdefault(_kind(key), []).append(key)
    assert by_kind.keys() == {"log", "objects", "checkpoints", "_last.json", "static"}
    chance, done = random.Random(1), Counter[str]()
    while sum(done.values()) < soak(200, 3000):
        kind, how = chance.choice(sorted(by_kind)), chance.choice(sorted(DAMAGES))
        key = chance.choice(by_kind[kind])
        data, other = store.objects[key], store.objects[chance.choice(by_kind[kind])]
        damaged = DAMAGES[how](data, other, chance)
        if damaged == data:
            continue
        done[kind] += 1
        store.delete(key) if damaged is None else store.put(key, damaged)
        _require_named(store, key, how)
        for name, read in reads.items():
            for model in MODELS:
                seen = _outcome(read, store, model)
                assert seen in (truth[name, model], None if seen is None else truth[name, model]), (
                    f"{name} of {model} is wrong after {how} of {key}"
                )
        store.put(key, data)
    assert _named(store) == set()
    assert min(done.values()) > 20


def _require_named(store: MemoryStore, key: str, how: str) -> None:
    """Superseded checkpoints need not be there; whatever else is damaged is named, itself or what follows from it."""
    folder = f"{'/'.join(key.split('/')[:3])}/"
    if how == "delete" and _kind(key) == "checkpoints" and not _is_needed(store, key):
        return
    named = _named(store)
    around = {name for name in named if name.startswith(folder) or (_kind(key) == "log" and _kind(name) != "static")}
    assert key in named or around, f"{how} of {key} is not named, but {named}"


def _is_needed(store: MemoryStore, key: str) -> bool:
    name = key.rpartition("/")[2].partition(".")[0].encode()
    first, last = (int(part) for part in name.split(b"-"))
    hint = store.objects[f"models/{key.split('/')[1]}/_last.json"]
    return f'"first":{first},"last":{last},'.encode() in hint
