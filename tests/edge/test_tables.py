from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from mlops_ci.edge.tables import columns_of, is_table, read_table, require_columns
from mlops_ci.errors import UsageError
from mlops_ci.records.signature import Column

FRAME = pl.DataFrame(
    {
        "hour": [7, 23, None],
        "delay": [1.5, float("nan"), None],
        "carrier": ["HA", "AA", "x" * 100],
        "late": [True, False, None],
        "day": [date(2026, 1, 2), date(2026, 1, 1), None],
        "email": ["a@b", "c@d", None],
        "salary": [1, 2, 3],
        "nothing": pl.Series([None, None, None], dtype=pl.Float64),
        "tags": [["a"], [], None],
    }
)


def test_missing_columns_are_named_with_those_there_are() -> None:
    require_columns(FRAME, ["hour", "late"], called="t")
    with pytest.raises(UsageError) as caught:
        require_columns(FRAME, ["hour", "speed", "wind"], called="the table")
    assert caught.value.line().startswith("no column 'speed', 'wind'; the table; its columns are: hour, delay")


def test_a_wide_table_is_not_listed_whole() -> None:
    with pytest.raises(UsageError) as caught:
        require_columns(pl.DataFrame({f"c{number}": [1] for number in range(30)}), ["x"], called="t")
    assert caught.value.hint and caught.value.hint.endswith("c19, …")


def test_columns_have_names_and_types() -> None:
    assert columns_of(FRAME, ["hour", "carrier"]) == (Column("hour", "Int64"), Column("carrier", "String"))


@pytest.mark.parametrize(("name", "table"), [("a.csv", True), ("a.PARQUET", True), ("a.tsv", True), ("a.json", False)])
def test_a_table_is_known_by_its_name(name: str, table: bool) -> None:
    assert is_table(Path(name)) == table


def test_types_are_inferred_from_all_rows(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a\n" + "1\n" * 2000 + "1.5\n")
    assert read_table(file, called="t")["a"].dtype == pl.Float64


def test_numbers_may_be_names_of_some_columns(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("target,2024\n1,2\n")
    assert read_table(file, called="t").columns == ["target", "2024"]
