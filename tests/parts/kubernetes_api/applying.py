"""Who decides which field of an object, as server-side apply has it.

https://kubernetes.io/docs/reference/using-api/server-side-apply/ - as far as it matters here: a list is one value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str, ...]
_IDENTITY: frozenset[Path] = frozenset(
    {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"), ("metadata", "uid")}
)


@dataclass(frozen=True)
class Manager:
    """Somebody who writes: the same name by another way is somebody else."""

    name: str
    operation: str
    subresource: str = ""


@dataclass
class Kept:
    """An object in the cluster, and who decides what of it."""

    live: dict[str, Any]
    fields: dict[Manager, set[Path]] = field(default_factory=dict)

    def conflicts(self, manager: Manager, manifest: Mapping[str, Any]) -> list[tuple[Path, Manager]]:
        """The fields that others have decided otherwise."""
        return [
            (path, other)
            for path, value in leaves(manifest)
            for other, owned in self.fields.items()
            if other != manager and path in owned and look(self.live, path) != value
        ]

    def apply(self, manager: Manager, manifest: Mapping[str, Any]) -> None:
        """Take over a manifest; what conflicts is taken from the others."""
        now = dict(leaves(manifest))
        for path in self.fields.get(manager, set()) - set(now):
            if not any(path in owned for other, owned in self.fields.items() if other != manager):
                _remove(self.live, path)
        for path, _ in self.conflicts(manager, manifest):
            for other, owned in self.fields.items():
                if other != manager:
                    owned.discard(path)
        for path, value in now.items():
            put(self.live, path, value)
        self.fields[manager] = set(now)

    def update(self, manager: Manager, path: Path, value: Any) -> None:
        """Write one field, which takes it from everybody else if that changes it."""
        if look(self.live, path) != value:
            for owned in self.fields.values():
                owned.discard(path)
        put(self.live, path, value)
        self.fields.setdefault(manager, set()).add(path)


def leaves(value: Mapping[str, Any], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The fields of an object that can be decided, with their values."""
    for key, item in value.items():
        path = (*above, key)
        if path in _IDENTITY:
            continue
        if isinstance(item, dict) and item:
            yield from leaves(item, path)
        else:
            yield path, item


def look(value: Mapping[str, Any], path: Path) -> Any:
    """A field; None where there is none."""
    at: Any = value
    for key in path:
        if not isinstance(at, dict) or key not in at:
            return None
        at = at[key]
    return at


def put(value: dict[str, Any], path: Path, item: Any) -> None:
    """Set a field, making what is above it."""
    for key in path[:-1]:
        value = value.setdefault(key, {})
    value[path[-1]] = deepcopy(item)


def _remove(value: dict[str, Any], path: Path) -> None:
    for key in path[:-1]:
        value = value.get(key, {})
    value.pop(path[-1], None)
