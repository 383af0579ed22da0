"""A repository, and an agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.azure_jobs import PUSH
from tests.parts.azure_task import Agent
from tests.support.lab import Lab

ROOT = Path(__file__).parents[2]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A repository, as a checkout."""
    lab = Lab(tmp_path / "s")
    lab.commit("first")
    return lab


@pytest.fixture
def agent(tmp_path: Path, lab: Lab) -> Agent:
    """An agent with that checkout."""
    return Agent(tmp_path / "agent", lab.folder, PUSH)
