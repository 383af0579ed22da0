"""What a workspace holds, by kind."""

from __future__ import annotations

from mlops_ci.workspace.inventory import Count, take_inventory
from mlops_ci.workspace.open import initialise
from mlops_ci.workspace.store import Store


def test_objects_are_counted_by_kind_and_those_of_pull_requests_apart(store: Store) -> None:
    found = initialise(store)
    for key in ("models/m/log/1", "models/m/objects/a", "runs/r/run.json", "pull-requests/runs/r/run.json"):
        store.create(key, b"123")
    inventory = take_inventory(store)
    assert inventory.id == found.id
    assert inventory.url == store.url
    size = inventory.kinds.pop("workspace.json").size
    assert size > 0
    assert inventory.kinds == {"models": Count(2, 6), "runs": Count(1, 3), "pull-requests/runs": Count(1, 3)}


def test_an_empty_storage_holds_nothing(store: Store) -> None:
    inventory = take_inventory(store)
    assert inventory.id == ""
    assert inventory.kinds == {}
