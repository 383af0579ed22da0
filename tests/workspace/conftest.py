"""The backends that the contract suite runs on. To add one: write its opener, and name it in ``BACKENDS``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.split import SplitStore
from mlops_ci.workspace.store import Store
from tests.workspace.memory import MemoryStore


@dataclass(frozen=True)
class Backend:
    """A fresh workspace.

    ``open`` gives another client of it; ``url`` is what other processes open, None where they cannot. A ``flat``
    backend holds both ``a`` and ``a/b``.
    """

    open: Callable[[], Store]
    url: str | None
    flat: bool


def _local(folder: Path) -> Backend:
    root = folder / "workspace"
    return Backend(lambda: LocalStore(root), str(root), flat=False)


def _memory(folder: Path) -> Backend:
    store = MemoryStore()
    return Backend(lambda: store, None, flat=True)


def _split(folder: Path) -> Backend:
    log, files = folder / "log", folder / "files"
    return Backend(lambda: SplitStore(LocalStore(log), LocalStore(files)), None, flat=False)


BACKENDS: dict[str, Callable[[Path], Backend]] = {"local": _local, "memory": _memory, "split": _split}


@pytest.fixture(params=sorted(BACKENDS))
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    return BACKENDS[request.param](tmp_path)


@pytest.fixture
def store(backend: Backend) -> Store:
    return backend.open()


@pytest.fixture
def local(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "workspace")
