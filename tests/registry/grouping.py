"""One log as single entries and in groups, and all ways to read it."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from mlops_ci.records.codec import encode
from mlops_ci.registry.index import catch_up, use_index
from mlops_ci.registry.log_objects import joined, parted
from mlops_ci.registry.quick import resolve_quickly
from mlops_ci.workspace.layout import checkpoints_prefix, hint_key, log_key, log_prefix
from mlops_ci.workspace.store import Store
from tests.registry.long_logs import read_log
from tests.registry.making import MODEL, open_log, require_whole
from tests.workspace.memory import MemoryStore

LENGTH = 24


def entries_of(store: Store) -> list[bytes]:
    """The entries, read past every hint and checkpoint."""
    return [entry for item in store.list(log_prefix(MODEL)) for entry in parted(store.get(item.key) or b"", item.key)]


def regrouped(plain: MemoryStore, sizes: Sequence[int]) -> MemoryStore:
    """The same log in groups of these sizes, and the rest single; without anything that can be rebuilt."""
    store, entries, number = MemoryStore(), entries_of(plain), 1
    for key, data in plain.objects.items():
        if not key.startswith((log_prefix(MODEL), checkpoints_prefix(MODEL), "static/")) and key != hint_key(MODEL):
            store.put(key, data)
    for size in [*sizes, *[1] * len(entries)]:
        if group := entries[number - 1 :][:size]:
            assert store.create(log_key(MODEL, number), joined(group))
            number += len(group)
    return store


def require_same(store: Store, plain: Store) -> None:
    """Every way of reading says of both the same."""
    expected, entries = open_log(plain).read(), entries_of(plain)
    log = open_log(store)
    assert read_log(store) == entries_of(store) == entries
    assert log.read() == expected
    assert [encode(entry.flat()) for entry in log.entries()] == entries
    assert [entry.envelope.seq for entry in log.entries_after(5)] == list(range(6, len(entries) + 1))
    for seq, data in enumerate(entries, 1):
        for asked in (open_log(store), log):
            found = asked.entry(seq)
            assert found
            assert encode(found.flat()) == data
    assert log.entry(len(entries) + 1) is None
    assert resolve_quickly(open_log(store), "champion") == expected.alias("champion")
    use_index(None, lambda index: catch_up(index, store, MODEL))
    found_whole = require_whole(store)
    assert found_whole == expected


groupings = st.lists(st.integers(1, 9), max_size=12)
