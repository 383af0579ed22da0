"""Many processes register at once, and processes that register are killed.

``MLOPS_CI_SOAK=1`` kills 1,200 of them instead of 120.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.registry.check import check_model
from mlops_ci.registry.register import Registration, register
from mlops_ci.registry.state import ModelState
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.layout import checkpoints_prefix
from mlops_ci.workspace.local import LocalStore
from tests.parts.need import soak
from tests.registry.making import MODEL, open_log, registration, require_whole, sha
from tests.workspace.forked import Acknowledge, at_once, killed

PROCESSES = 64
FILES = {"model.bin": b"weights " * 5000, "labels.json": b"[]"}


def register_own_key(number: int, acknowledge: Acknowledge, *, root: str, sources: str) -> None:
    request = registration(Path(sources) / str(number), sha(number), f"f{number}", files=FILES | {"id": b"%d" % number})
    done = register(open_log(LocalStore(Path(root))), request)
    acknowledge([done.version.version, done.how, done.version.digest, request.digest])


def register_one_key(number: int, acknowledge: Acknowledge, *, root: str, sources: str) -> None:
    request = registration(Path(sources) / str(number), sha(0), "f0", files=FILES | {"id": b"%d" % number})
    done = register(open_log(LocalStore(Path(root))), request)
    acknowledge([done.version.version, done.how, done.version.digest, request.digest, done.differs])


def _at_once(function: str, tmp_path: Path) -> list[list[Any]]:
    (tmp_path / "sources").mkdir()
    paths = {"root": str(tmp_path / "workspace"), "sources": str(tmp_path / "sources")}
    return [each for (each,) in at_once(f"tests.registry.test_processes:{function}", PROCESSES, **paths)]


def test_processes_with_keys_of_their_own_get_dense_and_unique_versions(tmp_path: Path) -> None:
    acknowledged = _at_once("register_own_key", tmp_path)
    assert sorted(number for number, *_ in acknowledged) == list(range(1, PROCESSES + 1))
    assert {how for _, how, *_ in acknowledged} == {"created"}
    assert all(held == offered for _, _, held, offered in acknowledged)
    state = require_whole(LocalStore(tmp_path / "workspace"))
    assert {version.version: version.digest for version in state.versions.values()} == {
        number: digest for number, _, digest, _ in acknowledged
    }


def test_processes_with_one_key_get_one_version(tmp_path: Path) -> None:
    acknowledged = _at_once("register_one_key", tmp_path)
    assert Counter(how for _, how, *_ in acknowledged) == {"created": 1, "existing": PROCESSES - 1}
    assert {number for number, *_ in acknowledged} == {1}
    (winner,) = (offered for _, how, _, offered, _ in acknowledged if how == "created")
    assert {held for _, _, held, _, _ in acknowledged} == {winner}
    assert all(differs == (offered != winner) for *_, offered, differs in acknowledged)
    state = require_whole(LocalStore(tmp_path / "workspace"))
    assert (state.head, [version.digest for version in state.versions.values()]) == (1, [winner])


def register_on_and_on(number: int, acknowledge: Acknowledge, *, root: str, sources: str) -> None:
    log, turn = open_log(LocalStore(Path(root))), 0
    while True:
        version = register(log, _request(Path(sources), number, turn)).version
        acknowledge(["register", turn, version.version, version.digest])
        set_tags(log, version.version, {_tag(number, turn): "set"})
        acknowledge(["tag", turn, version.version, _tag(number, turn)])
        turn += 1


def _tag(number: int, turn: int) -> str:
    return f"process-{number}-turn-{turn}"


def _request(sources: Path, number: int, turn: int) -> Registration:
    """What a process registers; every third turn a fingerprint that is shared with others, which makes links."""
    fingerprint = f"shared {turn}" if turn % 3 == 2 else f"{number}.{turn}"
    files = {"model.bin": fingerprint.encode() * 20_000, "labels.json": b"[]"}
    return registration(sources, sha((number, turn)), fingerprint, files=files)


@pytest.mark.parametrize("workspace", range(soak(1, 10)))
def test_killed_processes_lose_nothing_acknowledged_and_leave_nothing_by_half(tmp_path: Path, workspace: int) -> None:
    root, rounds, seed = tmp_path / f"workspace{workspace}", 120, int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    sources = tmp_path / "sources"
    sources.mkdir()
    acknowledged = killed(
        "tests.registry.test_processes:register_on_and_on",
        rounds,
        seed=seed,
        longest=0.12,
        root=str(root),
        sources=str(sources),
    )
    _require_acknowledged(root, acknowledged)

    log, asked = open_log(LocalStore(root)), set()
    for number, process in enumerate(acknowledged):
        known = {turn: version for operation, turn, version, _ in process if operation == "register"}
        for turn in range(len(known) + 1):  # what was acknowledged, and what the process died in
            request = _request(sources, number, turn)
            asked.add((request.commit, request.fingerprint))
            done = register(log, request)
            assert not done.differs
            assert turn not in known or (done.how, done.version.version) == ("existing", known[turn])
    state = _require_acknowledged(root, acknowledged)
    assert {(c, v.fingerprint) for v in state.versions.values() for c in (v.commit, *v.links)} == asked
    assert sum(map(len, acknowledged)) > rounds // 2
    set_tags(log, 1, {"the last": "writer"})
    assert check_model(open_log(LocalStore(root)), read_data=False).hints == ()
    assert list(LocalStore(root).list(checkpoints_prefix(MODEL))), "no checkpoint was in anybody's way"


def _require_acknowledged(root: Path, acknowledged: list[list[Any]]) -> ModelState:
    state = require_whole(LocalStore(root))
    for operation, _, version, value in (each for process in acknowledged for each in process):
        held = state.versions[version]
        assert value == held.digest if operation == "register" else value in held.tags
    return state
