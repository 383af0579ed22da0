"""The stand-in for GitHub as a fixture, a plugin of pytest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.parts.github.server import FakeGitHub, contract


@pytest.fixture(scope="session")
def _github_contract() -> None:
    """Read once, and before a test gets to change where the cache is."""
    contract()


@pytest.fixture
def github(_github_contract: None) -> Iterator[FakeGitHub]:
    """A stand-in for GitHub, to which nothing may be sent that GitHub would not take."""
    with FakeGitHub.started() as server:
        yield server
        assert server.violations == []
