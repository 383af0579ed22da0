"""Objects damaged in the storage itself are named by the check, and never read as right.

``MLOPS_CI_SOAK=1`` damages 200 on every backend, and 60 in git.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from mlops_ci.errors import IntegrityError
from mlops_ci.records.codec import encode
from mlops_ci.registry import checkpoints
from mlops_ci.registry.check import check_model
from mlops_ci.registry.download import download_version, fetch_predictions
from mlops_ci.registry.register import register
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.layout import log_key, log_sequence, objects_prefix
from mlops_ci.workspace.store import Store
from tests.parts.backends import Backend
from tests.parts.need import soak
from tests.registry.making import MODEL, open_log, registration, require_whole, sha, with_predictions
from tests.registry.test_damage import DAMAGES

COUNT = {"local": (200, 200), "git": (5, 60)}
VERSIONS, FILES = 5, ("model.onnx", "labels/é.json")


@pytest.fixture
def truth(store: Store, sources: Path, monkeypatch: pytest.MonkeyPatch) -> ModelState:
    """Five versions, three in a group; a checkpoint, hints. All files are of one length: only content differs."""
    monkeypatch.setattr(checkpoints, "INTERVAL", 4)
    log = open_log(store)

    def register_some(numbers: range) -> None:
        for number in numbers:
            files = {path: f"{path[:5]} of v{number} ".encode() * 50 for path in FILES}
            predictions = with_predictions(sources, f"score of v{number} ".encode() * 50)
            register(log, registration(sources, sha(number), f"f{number}", files, **predictions))

    for numbers in (range(1, 2), range(2, VERSIONS), range(VERSIONS, VERSIONS + 1)):
        log.together(partial(register_some, numbers))
    return require_whole(store)


def _is_rebuilt(key: str) -> bool:
    return not key.startswith(objects_prefix(MODEL)) and log_sequence(key) is None


def test_whatever_is_damaged_is_named_and_never_read_as_right(
    backend: Backend, store: Store, truth: ModelState, tmp_path: Path, seed: int
) -> None:
    chance, seen = random.Random(seed), Counter[str]()
    healthy = {item.key: store.get(item.key) or b"" for item in store.list("")}
    assert {len(data) for key, data in healthy.items() if key.startswith(objects_prefix(MODEL))} == {600}
    for number in range(soak(*COUNT.get(backend.name, (30, 200)))):
        key, damage = chance.choice(sorted(healthy)), DAMAGES[number % len(DAMAGES)]
        alike = [other for other in healthy if other.split("/")[:3] == key.split("/")[:3] and other != key]
        other = healthy[chance.choice(sorted(alike))] if alike else b"{}"
        damage(backend.open(), key, healthy[key], other)
        kind = "hint" if _is_rebuilt(key) else "entry" if log_sequence(key) else "object"
        seen[f"{damage.__name__.strip('_')} {kind}"] += 1
        _require_named(backend.open(), key, kind)
        _require_nothing_wrong_read(backend.open(), truth, tmp_path / f"{number}")
        backend.open().put(key, healthy[key])
    print(f"{backend.name}: {sum(seen.values())} damaged: {dict(seen)}")  # noqa: T201
    require_whole(backend.open())


def _require_named(store: Store, key: str, kind: str) -> None:
    check = check_model(open_log(store), read_data=True)
    if kind == "hint":
        assert check.findings == ()
        assert any(key.startswith(finding.key) for finding in check.hints)  # of what is gone, the folder may be named
        return
    named = {finding.key for finding in check.findings}
    # An entry that can still be read is betrayed by the one that follows it.
    following = {log_key(MODEL, (log_sequence(key) or 0) + 1)} if kind == "entry" else set()
    assert named & {key, *following}, f"{key} is not named, but {named}"
    assert kind == "entry" or named == {key}, f"more is named than {key}"


def _require_nothing_wrong_read(store: Store, truth: ModelState, folder: Path) -> None:
    """The log is read as it was or refused, and so is every file."""
    try:
        state = open_log(store).read()
    except IntegrityError:
        state = truth
    # A log whose end was lost, with the hint about it, is a shorter log: only a pin tells.
    assert {n: encode(v) for n, v in state.versions.items()} == {n: encode(v) for n, v in truth.versions.items()}
    for number, version in truth.versions.items():
        target = folder / f"v{number}"
        target.mkdir(parents=True)
        try:
            download_version(store, version, target)
            (evaluation,) = version.evaluations
            fetch_predictions(store, MODEL, evaluation, target / "predictions")
        except IntegrityError:
            pass
        for path in (path for path in target.rglob("*") if path.is_file()):
            what = "score" if path.name == "predictions" else path.relative_to(target).as_posix()[:5]
            assert path.read_bytes() == f"{what} of v{number} ".encode() * 50, f"{path} is not what was registered"
