"""Tags on versions, and the search by them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlops_ci.registry.biography import describe
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import Registered, register
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.store import Store
from tests.registry.conftest import Make
from tests.registry.making import require_whole, sha

Versions = Callable[[int], list[Registered]]


def test_tags_are_added_and_replaced(store: Store, log: ModelLog, versions: Versions) -> None:
    versions(2)
    set_tags(log, 1, {"team": "fraud", "stage": "new"})
    assert set_tags(log, 1, {"stage": "old"}).tags == {"team": "fraud", "stage": "old"}
    state = require_whole(store)
    assert [version.tags for version in state.versions.values()] == [{"team": "fraud", "stage": "old"}, {}]


def test_tags_set_at_registration_stay(log: ModelLog, make: Make) -> None:
    register(log, make(sha(1), "f1", tags={"team": "fraud"}))
    assert set_tags(log, 1, {"a": "b"}).tags == {"team": "fraud", "a": "b"}


@pytest.mark.parametrize("tags", [{"team": "fraud"}, {}])
def test_what_a_version_has_already_is_not_written_again(
    log: ModelLog, versions: Versions, tags: dict[str, str]
) -> None:
    versions(1)
    set_tags(log, 1, {"team": "fraud"})
    head = log.read().head
    set_tags(log, 1, tags)
    assert log.read().head == head


def test_the_biography_tells_every_entry_in_words(log: ModelLog, versions: Versions, make: Make) -> None:
    versions(1)
    register(log, make(sha(2), "f1"))
    set_tags(log, 1, {"team": "fraud"})
    assert [describe(entry) for entry in log.entries()] == [
        f"v1 registered from commit {sha(1)[:7]}",
        f"commit {sha(2)[:7]} makes v1 too",
        "v1 tagged team=fraud",
    ]
