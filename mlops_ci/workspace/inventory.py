"""What a workspace holds."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_ci.workspace.format import read_format
from mlops_ci.workspace.layout import PULL_REQUESTS, TOP_LEVEL
from mlops_ci.workspace.store import Store, StoredObject


@dataclass(frozen=True, slots=True)
class Count:
    """Objects, their size in bytes, and when the oldest and the newest were written (epoch seconds)."""

    objects: int = 0
    size: int = 0
    oldest: float | None = None
    newest: float | None = None

    def with_(self, item: StoredObject) -> Count:
        """The count with one more object."""
        return Count(
            self.objects + 1,
            self.size + item.size,
            min(item.modified, self.oldest or item.modified),
            max(item.modified, self.newest or item.modified),
        )


@dataclass(frozen=True, slots=True)
class Inventory:
    """A workspace, and how much of each kind it holds; ``foreign`` is what lies there and is not ours."""

    url: str
    id: str
    kinds: dict[str, Count]
    foreign: Count


def take_inventory(store: Store) -> Inventory:
    """Count the objects of a workspace by the first part of their keys."""
    found = read_format(store)
    kinds: dict[str, Count] = {}
    foreign = Count()
    for item in store.list(""):
        area = PULL_REQUESTS if item.key.startswith(PULL_REQUESTS) else ""
        kind = item.key.removeprefix(area).partition("/")[0]
        if kind not in TOP_LEVEL:
            foreign = foreign.with_(item)
        else:
            kinds[area + kind] = kinds.get(area + kind, Count()).with_(item)
    return Inventory(store.url, found.id if found else "", kinds, foreign)
