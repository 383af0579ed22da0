"""Makes tables of collected requests: many small segments become Parquet, by day.

It may be killed at any point, and run by several at once. What a run is about to do is written down first, under the
next number, which only one can create; whoever comes next finishes that before anything else. Finishing twice does no
harm: rows that are in a table already are not written again, a table is named after its rows, and segments are deleted
only after their rows are in tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import accumulate

import polars as pl

from mlops_ci.errors import IntegrityError
from mlops_ci.lifecycle.compaction_tables import by_day, from_parquet, name_of, table_of, to_parquet, without
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.collected import COLLECTED_FORMAT, CollectedRequest, CompactionPlan, SegmentHead
from mlops_ci.serving.segments import requests_in, unpack
from mlops_ci.workspace.collected_layout import (
    collected_prefix,
    compacted_days_prefix,
    compacted_key,
    compaction_key,
    compactions_prefix,
    damaged_segment_key,
    segment_key,
    segments_prefix,
)
from mlops_ci.workspace.layout import COLLECTED, log_sequence
from mlops_ci.workspace.store import Store

_AT_ONCE = 8 << 20
Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Compacted:
    """What a compaction did: segments read, rows and tables written, segments set aside because they are damaged."""

    model: str
    segments: int = 0
    rows: int = 0
    tables: int = 0
    damaged: int = 0

    def __add__(self, other: Compacted) -> Compacted:
        """Both together."""
        return Compacted(
            self.model,
            self.segments + other.segments,
            self.rows + other.rows,
            self.tables + other.tables,
            self.damaged + other.damaged,
        )


@dataclass(frozen=True, slots=True)
class CollectedModel:
    """What is collected of a model: ``segments`` to be compacted and the ``requests`` in them, tables by day."""

    model: str
    segments: int
    requests: int
    days: int
    first: str | None
    last: str | None
    tables: int
    size: int
    damaged: int


def collected_models(store: Store) -> list[str]:
    """The models of which something was collected."""
    return list(store.folders(COLLECTED))


def describe_collected(store: Store, model: str) -> CollectedModel:
    """Say what is collected of a model."""
    found = CollectedModel(model, 0, 0, 0, None, None, 0, 0, 0)
    days = set()
    for item in store.list(collected_prefix(model)):
        kind, _, rest = item.key.removeprefix(collected_prefix(model)).partition("/")
        if kind == "segments":
            requests = requests_in(rest) or 0
            found = replace(found, segments=found.segments + 1, requests=found.requests + requests)
        elif kind == "days":
            days.add(rest.partition("/")[0])
            found = replace(found, tables=found.tables + 1)
        elif kind == "damaged":
            found = replace(found, damaged=found.damaged + 1)
        found = replace(found, size=found.size + item.size)
    return replace(found, days=len(days), first=min(days, default=None), last=max(days, default=None))


def compact(store: Store, model: str, warn: Warn) -> Compacted:
    """Make tables of all segments of a model.

    Args:
        store: the workspace.
        model: the model.
        warn: hears of segments that are damaged.
    """
    done = Compacted(model)
    while True:
        seq, plan = _newest(store, model)
        if plan is not None:
            done += _finish(store, model, plan, warn)
            for item in store.list(compactions_prefix(model)):
                if (log_sequence(item.key) or seq) < seq:
                    store.delete(item.key)
        names = _next(store, model)
        if not names:
            return done
        # Where another was quicker, its plan is finished first.
        store.create(compaction_key(model, seq + 1), encode(CompactionPlan(COLLECTED_FORMAT, names)))


def read_collected(store: Store, model: str) -> pl.DataFrame:
    """All compacted requests of a model."""
    return from_parquet(_tables(store, model))


def _tables(store: Store, model: str, day: str | None = None) -> list[bytes]:
    keys = [item.key for item in store.list(compacted_days_prefix(model, day))]
    return [data for data in map(store.get, keys) if data is not None]


def _newest(store: Store, model: str) -> tuple[int, CompactionPlan | None]:
    """The newest plan and its number; it is kept when it is done, so that the numbers go on."""
    found = [(log_sequence(item.key) or 0, item.key) for item in store.list(compactions_prefix(model))]
    seq, key = max(found, default=(0, ""))
    data = store.get(key) if seq else None
    return seq, decode(data, CompactionPlan, where=key) if data is not None else None


def _next(store: Store, model: str) -> tuple[str, ...]:
    """The oldest segments, as many as fit into memory with ease, but one at least."""
    items = list(store.list(segments_prefix(model)))
    sizes = accumulate(item.size for item in items)
    prefix = segments_prefix(model)
    fitting = [item.key.removeprefix(prefix) for item, size in zip(items, sizes, strict=True) if size <= _AT_ONCE]
    return tuple(fitting or [item.key.removeprefix(prefix) for item in items[:1]])


def _finish(store: Store, model: str, plan: CompactionPlan, warn: Warn) -> Compacted:
    found: list[tuple[SegmentHead, list[CollectedRequest]]] = []
    there = {item.key for item in store.list(segments_prefix(model))}
    present, damaged = [], 0
    for name in plan.segments:
        data = store.get(key) if (key := segment_key(model, name)) in there else None
        if data is None:
            continue  # all tables were there before the first of the segments was deleted
        present.append(name)
        try:
            found.append(unpack(name, data))
        except IntegrityError as error:
            damaged += 1
            warn(f"{error.line()}; set aside as {damaged_segment_key(model, name)}")
            store.create(damaged_segment_key(model, name), data)
    rows = tables = 0
    for day, part in by_day(table_of(found)).items() if found else ():
        # Listed after the segments were read: who has deleted one of them has written these before.
        new = without(part, _tables(store, model, day))
        if new.height:
            tables += store.create(compacted_key(model, day, name_of(new)), to_parquet(new))
            rows += new.height
    with store.together():
        for name in present:
            store.delete(segment_key(model, name))
    return Compacted(model, len(present), rows, tables, damaged)
