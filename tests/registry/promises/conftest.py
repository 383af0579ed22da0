"""A registry on each backend that other processes can open. The reference model in memory has tests of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlops_ci.workspace.store import Store
from tests.parts.backends import BACKENDS, PARAMETERS, Backend


@pytest.fixture(params=[PARAMETERS[name] for name in sorted(PARAMETERS.keys() - {"memory"})])
def backend(request: pytest.FixtureRequest, tmp_path: Path, no_cloud: None) -> Backend:
    return BACKENDS[request.param](tmp_path, request)


@pytest.fixture
def store(backend: Backend) -> Store:
    return backend.open()


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    return folder


@pytest.fixture
def seed() -> int:
    """What a random test starts from; shown when it fails."""
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}")  # noqa: T201 - pytest shows it with a failure
    return seed
