from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_ci.edge.table_profile import LARGE_BYTES, profile, profile_table
from mlops_ci.errors import UsageError
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.dataset import ColumnProfile, DatasetProfile, FrequentValue

FRAME = pl.DataFrame(
    {
        "hour": [7, 23, None, 7],
        "delay": [1.5, float("nan"), None, float("inf")],
        "carrier": ["HA", "AA", "x" * 100, "HA"],
        "late": [True, False, None, True],
        "day": [date(2026, 1, 2), date(2026, 1, 1), None, None],
        "email": ["a@b", "c@d", None, ""],
        "salary": [1, 2, 3, 4],
        "nothing": pl.Series([None, None, None, None], dtype=pl.Float64),
        "price": [Decimal("1.50"), None, None, None],
        "huge": pl.Series([2**64 - 1, 0, 0, 0], dtype=pl.UInt64),
        "tags": [["a"], [], None, None],
        "^.*$": ["a", "a", "a", "b"],
    }
)


def column(name: str, large: int = LARGE_BYTES, *, of: pl.DataFrame = FRAME, folder: Path) -> ColumnProfile:
    of.write_parquet(folder / "t.parquet")
    found = profile_table(folder / "t.parquet", called="t", large=large)
    assert found
    assert found.rows == of.height
    assert decode(encode(found), DatasetProfile, where="here") == found
    return next(one for one in found.columns if one.name == name)


@pytest.mark.parametrize("large", [LARGE_BYTES, 0])
def test_a_profile_tells_type_missing_values_and_range(tmp_path: Path, large: int) -> None:
    hour = column("hour", large, folder=tmp_path)
    assert (hour.type, hour.missing, hour.minimum, hour.maximum) == ("Int64", 1, 7, 23)
    assert (hour.quantiles[0], hour.quantiles[10], hour.quantiles[20]) == (7, 7, 23)
    assert hour.mean == pytest.approx(37 / 3)
    assert hour.deviation == pytest.approx(7.542472332)
    day = column("day", large, folder=tmp_path)
    assert (day.missing, day.minimum, day.maximum, day.distinct) == (2, "2026-01-01", "2026-01-02", 2)
    assert column("nothing", large, folder=tmp_path) == ColumnProfile("nothing", "Float64", 4)
    assert column("price", large, folder=tmp_path).mean == 1.5
    assert column("huge", large, folder=tmp_path).maximum == 2.0**64


@pytest.mark.parametrize("large", [LARGE_BYTES, 0])
def test_values_are_counted_most_frequent_first(tmp_path: Path, large: int) -> None:
    carrier = column("carrier", large, folder=tmp_path)
    assert [(item.value[:2], item.rows) for item in carrier.top] == [("HA", 2), ("AA", 1), ("xx", 1)]
    assert carrier.distinct == 3
    assert column("late", large, folder=tmp_path).top == (FrequentValue("True", 2), FrequentValue("False", 1))
    assert column("^.*$", large, folder=tmp_path).top == (FrequentValue("a", 3), FrequentValue("b", 1))


@pytest.mark.parametrize("large", [LARGE_BYTES, 0])
def test_what_is_no_finite_number_spoils_nothing(tmp_path: Path, large: int) -> None:
    delay = column("delay", large, folder=tmp_path)
    assert (delay.missing, delay.minimum, delay.maximum, delay.mean, delay.deviation) == (2, 1.5, 1.5, 1.5, 0)
    assert set(delay.quantiles) == {1.5}


def test_a_long_text_is_cut() -> None:
    found = profile(FRAME.select("carrier")).columns[0]
    assert found.minimum == "AA"
    assert isinstance(found.maximum, str) and len(found.maximum) == 80 and found.maximum.endswith("…")


@pytest.mark.parametrize("large", [LARGE_BYTES, 0])
def test_of_a_list_nothing_more_is_told_than_what_is_missing(tmp_path: Path, large: int) -> None:
    assert column("tags", large, folder=tmp_path) == ColumnProfile("tags", "List(String)", 2)


@pytest.mark.parametrize(
    "name", ["email", "E-Mail", "first_name", "Phone", "home_address", "birthday", "SSN", "iban", "salary", "api_token"]
)
@pytest.mark.parametrize("large", [LARGE_BYTES, 0])
def test_of_what_may_be_personal_nothing_is_told(tmp_path: Path, name: str, large: int) -> None:
    for values in (["a@b", "c"], [1, 2], [datetime(2000, 1, 1), datetime(2001, 1, 1)]):
        frame = pl.DataFrame({name: values})
        found = column(name, large, of=frame, folder=tmp_path)
        assert found == ColumnProfile(name, str(frame[name].dtype), 0)


@pytest.mark.parametrize("large", [LARGE_BYTES, 0])
def test_of_very_many_categories_the_ten_most_frequent_are_told_and_of_ids_none(tmp_path: Path, large: int) -> None:
    rows = 200_000
    frame = pl.DataFrame({"id": pl.int_range(rows, eager=True)}).select(
        id=pl.col("id").cast(pl.String),
        shop=pl.when(pl.col("id") % 50 == 0).then(pl.lit("big")).otherwise(pl.col("id").cast(pl.String)),
        moment=pl.from_epoch(pl.col("id") // 2),
    )
    assert column("id", large, of=frame, folder=tmp_path).top == ()
    assert column("moment", large, of=frame, folder=tmp_path).top == ()
    shop = column("shop", large, of=frame, folder=tmp_path)
    if large:
        assert (shop.distinct, shop.top[0], len(shop.top)) == (196_001, FrequentValue("big", 4_000), 10)
    else:  # not all values are held at a time
        assert (shop.distinct, shop.top) == (None, ())


@pytest.mark.parametrize("large", [LARGE_BYTES, 0])
def test_a_table_in_text_is_read_alike(tmp_path: Path, large: int) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,x\n2,\n,x\n")
    found = profile_table(tmp_path / "t.csv", called="t", large=large)
    assert found and found.rows == 3
    assert [(one.name, one.type, one.missing) for one in found.columns] == [("a", "Int64", 1), ("b", "String", 1)]
    assert found.columns[1].top == (FrequentValue("x", 2),)


@pytest.mark.parametrize("large", [LARGE_BYTES, 0])
def test_an_empty_table_is_refused(tmp_path: Path, large: int) -> None:
    FRAME.head(0).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(UsageError, match="the table is empty"):
        profile_table(tmp_path / "t.parquet", called="t", large=large)


@pytest.mark.parametrize("large", [LARGE_BYTES, 0])
@pytest.mark.parametrize(
    ("content", "what"),
    [(b"1,2,2\n4,5,6\n", "the table has no header"), (b"", "empty CSV"), (b"a,b\n\xff,1\n" * 9, "invalid utf-8")],
)
def test_a_table_in_text_that_is_none_is_refused(tmp_path: Path, large: int, content: bytes, what: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(UsageError, match=what):
        profile_table(tmp_path / "t.csv", called="t", large=large)


@given(st.lists(st.none() | st.floats(), min_size=1, max_size=30), st.booleans())
@settings(deadline=None, max_examples=60)
def test_any_numbers_have_a_profile_that_can_be_kept(numbers: list[float | None], narrow: bool) -> None:
    frame = pl.DataFrame({"x": pl.Series(numbers, dtype=pl.Float64)})
    found = profile(frame.cast(pl.Float32) if narrow else frame)
    assert decode(encode(found), DatasetProfile, where="here") == found
    quantiles = found.columns[0].quantiles
    assert list(quantiles) == sorted(quantiles) and all(map(math.isfinite, quantiles))
