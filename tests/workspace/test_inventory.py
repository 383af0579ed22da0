"""What a workspace holds, by kind."""

from __future__ import annotations

from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.inventory import take_inventory
from mlops_ci.workspace.store import Store


def test_objects_are_counted_by_kind_and_those_of_pull_requests_apart(store: Store) -> None:
    found = initialise(store)
    for key in ("models/m/log/1", "models/m/objects/a", "runs/r/run.json", "pull-requests/runs/r/run.json"):
        store.create(key, b"123")
    inventory = take_inventory(store)
    assert inventory.id == found.id
    assert inventory.url == store.url
    counted = {kind: (count.objects, count.size) for kind, count in inventory.kinds.items()}
    assert counted.pop("workspace.json")[1] > 0
    counted.pop("files.json", None)  # of a workspace in two places
    assert counted == {"models": (2, 6), "runs": (1, 3), "pull-requests/runs": (1, 3)}
    times = [item.modified for item in store.list("models/")]
    assert (inventory.kinds["models"].oldest, inventory.kinds["models"].newest) == (min(times), max(times))


def test_what_is_not_ours_is_counted_apart(store: Store) -> None:
    initialise(store)
    store.create("holiday/picture.jpg", b"12345")
    found = take_inventory(store)
    assert (found.foreign.objects, found.foreign.size) == (1, 5)
    assert "holiday" not in found.kinds


def test_an_empty_storage_holds_nothing(store: Store) -> None:
    inventory = take_inventory(store)
    assert inventory.id == ""
    assert inventory.kinds == {}
