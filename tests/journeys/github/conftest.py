"""A repository for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.github.world import World
from tests.parts.github import FakeGitHub


@pytest.fixture
def world(tmp_path: Path, github: FakeGitHub) -> World:
    """A repository with the workflows of the examples, and nothing pushed yet."""
    return World(tmp_path, github)
