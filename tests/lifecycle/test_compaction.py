"""Collected requests become tables: every row once, whatever happens on the way."""

from __future__ import annotations

import io
import threading
from datetime import timedelta
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from mlops_ci.lifecycle.compaction import compact, describe_collected, read_collected
from mlops_ci.workspace.collected_layout import compacted_days_prefix, damaged_segment_key, segment_key, segments_prefix
from mlops_ci.workspace.local import LocalStore
from tests.serving.collected import request, send


def quiet(text: str) -> None:
    raise AssertionError(text)


def rows_in(store: LocalStore) -> list[tuple[str, int]]:
    """Rows in the tables, as they are: not made unique by who reads them."""
    tables = [store.get(item.key) or b"" for item in store.list(compacted_days_prefix("coin"))]
    frames = [pl.read_parquet(io.BytesIO(data), columns=["id", "row"]) for data in tables]
    return sorted(row for frame in frames for row in frame.rows())


def test_requests_become_rows_with_plain_types_by_day(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    send(store, [request("a", rows=2), request("b", after=timedelta(hours=13), size=2)])
    done = compact(store, "coin", quiet)
    assert (done.segments, done.rows, done.tables, done.damaged) == (1, 3, 2, 0)
    assert [item.key.split("/")[3] for item in store.list(compacted_days_prefix("coin"))] == [
        "2026-03-01",
        "2026-03-02",
    ]
    frame = read_collected(store, "coin")
    assert dict(frame.schema) == {
        "id": pl.String, "time": pl.Datetime("ms", "UTC"), "deployment": pl.String, "version": pl.Int64,
        "row": pl.Int64, "latency": pl.Float64, "input.size": pl.Float64, "input.side": pl.String,
        "prediction": pl.String, "score.heads": pl.Float64,
    }  # fmt: skip
    assert frame.select("id", "row", "input.size", "deployment", "version").rows() == [
        ("a", 0, 1.5, "live", 3), ("a", 1, 1.5, "live", 3), ("b", 0, 2.0, "live", 3),
    ]  # fmt: skip
    assert not list(store.list(segments_prefix("coin")))
    assert (describe_collected(store, "coin").first, describe_collected(store, "coin").tables) == ("2026-03-01", 2)


def test_other_programs_read_the_tables(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    send(store, [request("a")])
    compact(store, "coin", quiet)
    (item,) = store.list(compacted_days_prefix("coin"))
    assert pd.read_parquet(io.BytesIO(store.get(item.key) or b""))["input.side"].tolist() == ["edge"]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([1, 2.5], pl.Float64),
        ([None, None], pl.Float64),  # the signature says so
        ([True, None], pl.Boolean),
        ([1, "x"], pl.String),
        ([2**80, 1], pl.Float64),
        ([[1, 2], None], pl.String),
    ],
)
def test_values_that_do_not_fit_the_signature_widen_the_type_and_are_kept(
    tmp_path: Path, sizes: list[object], expected: pl.DataType
) -> None:
    store = LocalStore(tmp_path)
    send(store, [request(f"r{number}", size=size) for number, size in enumerate(sizes)])
    compact(store, "coin", quiet)
    column = read_collected(store, "coin")["input.size"]
    assert column.dtype == expected
    assert column.null_count() == sizes.count(None)


def test_a_segment_that_is_sent_again_after_it_was_compacted_adds_nothing(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    for more in ([], [request("c")]):
        send(store, [request("a", rows=2), request("b")])
        if more:
            send(store, more)
        compact(store, "coin", quiet)
    assert rows_in(store) == [("a", 0), ("a", 1), ("b", 0), ("c", 0)]


def test_a_damaged_segment_is_set_aside_and_the_others_are_not(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    warnings: list[str] = []
    send(store, [request("a")])
    name = send(store, [request("b", after=timedelta(seconds=1))])
    key = segment_key("coin", name)
    store.put(key, (store.get(key) or b"")[:-3])
    done = compact(store, "coin", warnings.append)
    assert (done.rows, done.damaged, len(warnings)) == (1, 1, 1)
    assert store.get(damaged_segment_key("coin", name)) is not None
    assert describe_collected(store, "coin").damaged == 1


class Killed(BaseException):
    pass


class Mortal(LocalStore):
    """A workspace whose user is killed at the nth write, before or after it has its effect."""

    def __init__(self, root: Path, at: int, *, after: bool) -> None:
        super().__init__(root)
        self._left, self._after = at, after

    def create(self, key: str, data: bytes) -> bool:
        self._maybe(before=True)
        done = super().create(key, data)
        self._maybe(before=False)
        return done

    def delete(self, key: str) -> None:
        self._maybe(before=True)
        super().delete(key)
        self._maybe(before=False)

    def _maybe(self, *, before: bool) -> None:
        if before is not self._after:
            self._left -= 1
            if self._left == 0:
                raise Killed


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_write_the_next_run_neither_loses_nor_duplicates_a_row(tmp_path: Path, after: bool) -> None:
    expected = sorted([("a", 0), ("a", 1), ("b", 0), ("c", 0), ("d", 0)])
    for at in range(1, 30):
        folder = tmp_path / str(at)
        store = LocalStore(folder)
        send(store, [request("a", rows=2), request("b", after=timedelta(hours=13))])
        send(store, [request("c", after=timedelta(seconds=1))])
        try:
            compact(Mortal(folder, at, after=after), "coin", quiet)
        except Killed:
            pass
        else:
            assert at > 5
            return
        send(store, [request("d", after=timedelta(seconds=2))])  # the servers go on meanwhile
        compact(store, "coin", quiet)
        assert rows_in(store) == expected, at
        assert not list(store.list(segments_prefix("coin")))
    pytest.fail("it never came to an end")


def test_several_at_once_write_every_row_once(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    failures: list[BaseException] = []
    for number in range(12):
        send(store, [request(f"r{number}", after=timedelta(seconds=number))])
    start = threading.Barrier(3)

    def work(mine: int) -> None:
        try:
            start.wait()
            send(store, [request(f"late{mine}", after=timedelta(minutes=mine))])
            compact(LocalStore(tmp_path), "coin", quiet)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    compact(store, "coin", quiet)
    assert rows_in(store) == sorted([(f"r{number}", 0) for number in range(12)] + [(f"late{n}", 0) for n in range(3)])
