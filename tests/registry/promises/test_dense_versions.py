"""Versions are dense and unique, whoever races: 64 processes on a folder, fewer elsewhere.

``MLOPS_CI_SOAK=1`` starts 64 processes on every backend.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.parts.backends import Backend
from tests.parts.need import soak
from tests.registry.making import require_whole
from tests.registry.promises.workers import MODULE
from tests.workspace.forked import at_once

PROCESSES = {"local": 64, "git": 4, "s3": 8}


@pytest.fixture
def count(backend: Backend) -> int:
    return soak(PROCESSES.get(backend.name, 12), 64)


def _at_once(function: str, count: int, backend: Backend, sources: Path) -> list[list[Any]]:
    return [each for (each,) in at_once(f"{MODULE}:{function}", count, url=backend.url, sources=str(sources))]


def test_processes_with_keys_of_their_own_get_dense_and_unique_versions(
    backend: Backend, sources: Path, count: int
) -> None:
    acknowledged = _at_once("register_own_key", count, backend, sources)
    assert sorted(number for number, *_ in acknowledged) == list(range(1, count + 1))
    assert {how for _, how, *_ in acknowledged} == {"created"}
    assert all(held == offered for _, _, held, offered, _ in acknowledged)
    state = require_whole(backend.open())
    held = {version.version: version.digest for version in state.versions.values()}
    assert held == {number: digest for number, _, digest, *_ in acknowledged}


def test_processes_with_one_key_get_one_version(backend: Backend, sources: Path, count: int) -> None:
    acknowledged = _at_once("register_one_key", count, backend, sources)
    assert Counter(how for _, how, *_ in acknowledged) == {"created": 1, "existing": count - 1}
    assert {number for number, *_ in acknowledged} == {1}
    (winner,) = (offered for _, how, _, offered, _ in acknowledged if how == "created")
    assert {held for _, _, held, *_ in acknowledged} == {winner}
    assert all(differs == (offered != winner) for *_, offered, differs in acknowledged)
    state = require_whole(backend.open())
    assert [version.digest for version in state.versions.values()] == [winner]
    assert state.head == 2, "the version, and a tag that every other writer sets"
