from __future__ import annotations

from dataclasses import replace
from itertools import count

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_ci.edge.table_profile import profile
from mlops_ci.lineage.data_difference import dataset_change
from mlops_ci.records.dataset import DatasetVersion
from mlops_ci.records.difference import ColumnChange

ROWS = range(1000)
DIGESTS = count()


def version(**columns: object) -> DatasetVersion:
    frame = pl.DataFrame(columns)
    return DatasetVersion("t.parquet", f"sha256:{next(DIGESTS)}", 1, 1, profile(frame))


def changes(before: object, after: object) -> list[ColumnChange]:
    found = dataset_change("t", version(x=before), version(x=after))
    assert found
    return list(found.columns)


def only(what: str, found: list[ColumnChange]) -> ColumnChange:
    assert [change.what for change in found] == [what]
    return found[0]


def test_the_same_content_is_no_change_wherever_it_lies() -> None:
    one = version(x=[1, 2])
    assert dataset_change("t", one, replace(one, path="elsewhere.parquet")) is None
    assert dataset_change("t", None, None) is None


def test_a_dataset_that_only_one_side_has_is_a_change() -> None:
    one = version(x=[1, 2])
    for before, after in ((one, None), (None, one)):
        found = dataset_change("t", before, after)
        assert found and (found.before, found.after, found.columns) == (before, after, ())


def test_without_a_profile_only_the_versions_are_told() -> None:
    found = dataset_change("t", replace(version(x=[1]), profile=None), version(x=[2]))
    assert found and found.columns == ()


def test_columns_come_and_go() -> None:
    found = dataset_change("t", version(a=[1], b=["x"]), version(b=["x"], c=[1.5]))
    assert found and found.columns == (
        ColumnChange("a", "removed", "Int64", None),
        ColumnChange("c", "added", None, "Float64"),
    )


def test_another_type_is_told() -> None:
    assert only("type", changes([1, 2], ["1", "2"])) == ColumnChange("x", "type", "Int64", "String")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (0, 0, None),
        (0, 1, ("0.0%", "0.10%")),
        (1, 0, ("0.10%", "0.0%")),
        (100, 109, None),
        (100, 110, ("10.0%", "11.0%")),
    ],
)
def test_missing_values_are_told_when_they_appear_or_by_the_point(
    before: int, after: int, told: tuple[str, str] | None
) -> None:
    def some(missing: int) -> list[int | None]:
        return [None] * missing + [1] * (1000 - missing)

    found = [(change.before, change.after) for change in changes(some(before), some(after))]
    assert found == ([told] if told else [])


def test_an_end_that_moved_is_told_beyond_a_hundredth_of_the_range() -> None:
    assert not changes(list(ROWS), [*ROWS, 1008])
    moved = only("range", changes(list(ROWS), [*ROWS, 1010]))
    assert (moved.before, moved.after) == ("0 … 999", "0 … 1010")
    assert only("range", changes([5] * 9, [5] * 8 + [6])).after == "5 … 6"


def test_texts_have_no_range_to_speak_of_and_dates_have() -> None:
    assert not changes([f"id{number}" for number in ROWS], [f"id{number + 5000}" for number in ROWS])
    days = pl.date_range(pl.date(2026, 1, 1), pl.date(2026, 3, 1), eager=True)
    assert only("range", changes(days, days[:-1])).after == "2026-01-01 … 2026-02-28"


def test_texts_that_are_all_others_are_told() -> None:
    moved = only("range", changes([f"c{number % 200}" for number in ROWS], [f"d{number % 200}" for number in ROWS]))
    assert (moved.before, moved.after) == ("c0 … c99", "d0 … d99")


def test_many_more_or_fewer_distinct_texts_are_told_and_not_where_there_are_more_rows() -> None:
    few, each = [f"c{number % 200}" for number in ROWS], [f"c{number}" for number in range(2000)]
    more = next(change for change in changes(few, each) if change.what == "distinct")
    assert (more.before, more.after) == ("200", "2,000")
    assert [change.what for change in changes(each, few)].count("distinct") == 1
    assert not changes(each[:1000], each), "ids"
    assert not changes(few[:400], few)


def test_values_that_came_and_went_are_told() -> None:
    before, after = ["HA", "AA"] * 500, ["HA", "AA"] * 470 + ["ZZ"] * 60
    assert only("values", changes(before, after)) == ColumnChange("x", "values", None, "ZZ")
    assert only("values", changes(after, before)) == ColumnChange("x", "values", "ZZ", None)
    assert not changes(before, ["HA", "AA"] * 499 + ["ZZ"] * 2)  # rare


def test_a_value_is_not_called_new_where_not_all_former_ones_are_known() -> None:
    many = [f"v{number % 20}" for number in ROWS]
    found = {change.what: change for change in changes(many, ["v0", "v19", "other"] * 333)}
    assert found["values"].after is None
    assert found["values"].before and "v10" in found["values"].before


def test_a_shift_of_numbers_is_told_with_its_size() -> None:
    numbers = [number / 1000 for number in ROWS]
    found = {change.what: change for change in changes(numbers, [number + 0.3 for number in numbers])}
    assert found["shift"].size == pytest.approx(0.3, abs=0.01)
    assert found["shift"].before == "median 0.4995 (half between 0.24975 and 0.74925)"
    apart = {change.what: change for change in changes([0.0] * 1000, [1.0] * 1000)}
    assert apart["shift"].size == 1


def test_a_shift_of_shares_is_told_with_its_size() -> None:
    found = only("shift", changes(["a"] * 500 + ["b"] * 500, ["a"] * 300 + ["b"] * 700))
    assert found == ColumnChange("x", "shift", "a 50%, b 50%", "b 70%, a 30%", 0.2)


def test_what_chance_alone_would_do_is_no_shift() -> None:
    assert not changes(["a"] * 5 + ["b"] * 5, ["a"] * 3 + ["b"] * 7)


@given(st.data())
@settings(deadline=None, max_examples=80)
def test_a_shift_is_never_above_what_the_values_say(data: st.DataObject) -> None:
    kind = data.draw(
        st.sampled_from([st.integers(-5, 5), st.floats(allow_nan=False), st.text("abcdefghijklmn", max_size=1)])
    )
    sides = [data.draw(st.lists(kind, min_size=150, max_size=160)) for _ in range(2)]
    for change in changes(*sides):
        if change.what == "shift":
            assert change.size is not None and 0.1 <= change.size <= 1
            if isinstance(sides[0][0], str):
                values = {*sides[0], *sides[1]}
                apart = (
                    sum(abs(sides[0].count(v) / len(sides[0]) - sides[1].count(v) / len(sides[1])) for v in values) / 2
                )
                assert change.size <= apart + 0.001
