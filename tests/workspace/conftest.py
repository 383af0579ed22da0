"""The backends that the contract suite runs on. To add one: write its opener, and name it in ``BACKENDS``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.open import open_store
from mlops_ci.workspace.store import Store
from tests.parts.git_http import git_host
from tests.workspace.memory import MemoryStore


@dataclass(frozen=True)
class Backend:
    """A fresh workspace.

    ``open`` gives another client of it; ``url`` is what other processes open, None where they cannot. A ``flat``
    backend holds both ``a`` and ``a/b``. A ``slow`` one runs fewer rounds of the races.
    """

    open: Callable[[], Store]
    url: str | None
    flat: bool
    slow: bool = False

    def rounds(self, usual: int) -> int:
        """How many rounds of a race this backend runs."""
        return max(usual // 10, 2) if self.slow else usual


def _local(folder: Path) -> Backend:
    root = folder / "workspace"
    return Backend(lambda: LocalStore(root), str(root), flat=False)


def _memory(folder: Path) -> Backend:
    store = MemoryStore()
    return Backend(lambda: store, None, flat=True)


def _git(folder: Path) -> Backend:
    url = f"git+{git_host().repository().url}"
    return Backend(lambda: open_store(url, folder), url, flat=False, slow=True)


BACKENDS: dict[str, Callable[[Path], Backend]] = {
    "local": _local,
    "memory": _memory,
    "git": _git,
}


@pytest.fixture(params=sorted(BACKENDS))
def backend(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backend:
    if request.param == "git":
        monkeypatch.setenv("MLOPS_CI_CACHE_DIR", str(tmp_path / "cache"))
    return BACKENDS[request.param](tmp_path)


@pytest.fixture
def store(backend: Backend) -> Store:
    return backend.open()


@pytest.fixture
def local(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "workspace")
