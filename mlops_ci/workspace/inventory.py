"""What a workspace holds."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_ci.workspace.layout import PULL_REQUESTS
from mlops_ci.workspace.open import read_format
from mlops_ci.workspace.store import Store


@dataclass(frozen=True, slots=True)
class Count:
    """Objects and their size in bytes."""

    objects: int
    size: int


@dataclass(frozen=True, slots=True)
class Inventory:
    """A workspace, and how much of each kind it holds."""

    url: str
    id: str
    kinds: dict[str, Count]


def take_inventory(store: Store) -> Inventory:
    """Count the objects of a workspace by the first part of their keys."""
    found = read_format(store)
    kinds: dict[str, Count] = {}
    for item in store.list(""):
        area = PULL_REQUESTS if item.key.startswith(PULL_REQUESTS) else ""
        kind = area + item.key.removeprefix(area).partition("/")[0]
        before = kinds.get(kind, Count(0, 0))
        kinds[kind] = Count(before.objects + 1, before.size + item.size)
    return Inventory(store.url, found.id if found else "", kinds)
