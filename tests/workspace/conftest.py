"""What the tests of workspaces share; the backends are those of ``tests/parts/backends.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.store import Store
from tests.parts.backends import Backend


@pytest.fixture(autouse=True)
def _no_cloud(no_cloud: None) -> None:
    """Nothing of the clouds that the machine or its user may know of takes part."""


@pytest.fixture
def store(backend: Backend) -> Store:
    return backend.open()


@pytest.fixture
def local(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "workspace")
