"""Long logs, and all the ways to read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mlops_ci.records.codec import encode
from mlops_ci.records.digest import digest_of_value
from mlops_ci.records.hint import Hint
from mlops_ci.registry.log_reader import LogReader
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.quick import resolve_quickly
from mlops_ci.registry.register import Registration, register
from mlops_ci.registry.state import ModelState
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.layout import (
    checkpoint_parts,
    checkpoints_prefix,
    hint_key,
    log_prefix,
)
from mlops_ci.workspace.store import Store
from tests.registry.making import MODEL, open_log, sha
from tests.workspace.memory import MemoryStore


class CountingStore(MemoryStore):
    """Counts requests."""

    def __init__(self, of: MemoryStore) -> None:
        super().__init__()
        self.objects, self._modified = of.objects, of._modified
        self.requests = Counter[str]()

    def get(self, key: str) -> bytes | None:
        self.requests["get"] += 1
        return super().get(key)

    def list(self, prefix: str):  # type: ignore[no-untyped-def]
        self.requests["list"] += 1
        return super().list(prefix)


def grow(store: Store, make: Callable[..., Registration], length: int) -> None:
    log = open_log(store)
    register(log, make(sha(1), "f1"))
    register(log, make(sha(2), "f2"))
    move_alias(log, "champion", 2, rollback=False, reason=None)
    for number in range(log.read().head, length):
        set_tags(log, 1 + number % 2, {f"t{number % 7}": str(number)})


def raw_log(store: Store) -> list[bytes]:
    """The log, read past every hint and checkpoint."""
    keys = [item.key for item in store.list(log_prefix(MODEL))]
    return [store.get(key) or b"" for key in keys]


def read_log(store: Store) -> list[bytes]:
    return [data for _, data in LogReader(store, MODEL).after(0)]


def require_same(store: Store, expected: ModelState) -> None:
    """Every way of reading gives what the log says."""
    assert read_log(store) == raw_log(store)
    assert open_log(store).read() == expected
    assert resolve_quickly(open_log(store), "champion") == expected.alias("champion")


def stored_checkpoints(store: Store) -> dict[str, tuple[int, int]]:
    found = {item.key: checkpoint_parts(item.key) for item in store.list(checkpoints_prefix(MODEL))}
    return {key: parts[:2] for key, parts in found.items() if parts}


def damages_of(data: bytes, other: bytes) -> list[bytes | None]:
    return [None, b"", data[:-1], data + b"\0", data[:9] + bytes([data[9] ^ 1]) + data[10:], other]


def lie(store: Store, hint: Hint, **fields: Any) -> None:
    lie = replace(hint, **{**fields, "checksum": ""})
    store.put(hint_key(MODEL), encode(replace(lie, checksum=digest_of_value(lie))))
