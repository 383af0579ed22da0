"""A repository for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.azure.collection import collection
from tests.journeys.azure.world import World
from tests.parts.azure_extension import Extension
from tests.parts.azure_task import TOKEN


@pytest.fixture
def world(tmp_path: Path, extension: Extension) -> Iterator[World]:
    """A repository whose models are kept in a folder beside all machines; nothing is pushed yet."""
    made = World(tmp_path, extension)
    made.workspace_in_a_folder()
    with collection(made.origin, TOKEN) as server:
        made.connect(server)
        yield made
