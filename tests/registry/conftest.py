"""A registry in each kind of workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_ci.registry import checkpoints
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import Registered, Registration, register
from mlops_ci.registry.state import ModelState
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.store import Store
from tests.registry.grouping import LENGTH
from tests.registry.long_logs import grow
from tests.registry.making import open_log, registration, sha
from tests.workspace.memory import MemoryStore
from tests.workspace.staging import StagingStore

Make = Callable[..., Registration]


STORES: dict[str, Callable[[Path], Store]] = {
    "local": lambda folder: LocalStore(folder / "workspace"),
    "memory": lambda _: MemoryStore(),
    "staging": lambda _: StagingStore(),
}


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return STORES[request.param](tmp_path)


@pytest.fixture
def log(store: Store) -> ModelLog:
    return open_log(store)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make a registration, as ``making.registration`` does."""

    def make(commit: str | None, fingerprint: str, **fields: Any) -> Registration:
        return registration(tmp_path / "sources", commit, fingerprint, **fields)

    return make


@pytest.fixture
def versions(log: ModelLog, make: Make) -> Callable[[int], list[Registered]]:
    """Register so many versions, v1 of commit ``sha(1)`` with fingerprint ``f1`` and so on."""

    def versions(count: int) -> list[Registered]:
        return [register(log, make(sha(number), f"f{number}")) for number in range(1, count + 1)]

    return versions


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints of 4 entries, 3 of which make a larger one."""
    monkeypatch.setattr(checkpoints, "INTERVAL", 4)
    monkeypatch.setattr(checkpoints, "_FAN", 3)


@pytest.fixture
def healthy(small: None, store: Store, make: Make) -> ModelState:
    """A log of 30 entries, with checkpoints of two levels."""
    grow(store, make, 30)
    return open_log(store).read()


@pytest.fixture
def plain(make: Make) -> MemoryStore:
    """A log of single entries."""
    store = MemoryStore()
    initialise(store)
    grow(store, make, LENGTH)
    return store
