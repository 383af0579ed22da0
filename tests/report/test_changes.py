"""What changed, in words."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mlops_ci.records.dataset import ColumnProfile, DatasetProfile, DatasetVersion
from mlops_ci.records.difference import Change, ColumnChange, DatasetChange, Difference, FileChange
from mlops_ci.report.changes import Marking, changed, in_line, unchanged
from mlops_ci.report.markdown import render_markdown
from tests.report.reports import REPORTS


def flights(rows: int, digest: str) -> DatasetVersion:
    return DatasetVersion("f.csv", digest, 10 * rows, 1, DatasetProfile(rows, (ColumnProfile("hour", "Int64", 0),)))


NOTHING = Difference("v12", "3f2a91c")
MUCH = Difference(
    "v12",
    "3f2a91c",
    files=(
        FileChange("features.py", "modified"),
        FileChange("a.py", "added"),
        FileChange("train.py", "modified"),
        FileChange("new.py", "renamed", old="old.py"),
        FileChange("gone.py", "deleted"),
    ),
    params=(Change("train.max_depth", "6", "8"), Change("eta", None, "0.1"), Change("gamma", "2", None)),
    datasets=(
        DatasetChange(
            "flights",
            flights(18_240, "a"),
            flights(19_004, "b"),
            (
                ColumnChange("inbound_delay_min", "added", None, "Int64"),
                ColumnChange("hour", "range", "0 to 23", "0 to 24"),
                ColumnChange("carrier", "values", "HA", "B6"),
                ColumnChange("delay", "shift", "median 3", "median 5", 0.214),
                ColumnChange("x", "removed", "Int64", None),
            ),
        ),
        DatasetChange("weather", None, flights(5, "c")),
        DatasetChange("unknown", replace(flights(5, "c"), profile=None), DatasetVersion("u", "d", 0, 0)),
    ),
    packages=(Change("python", "3.11", "3.12"), Change("scikit-learn", "1.5.2", "1.6.0"), Change("rich", "14.0", None)),
    rules=(
        Change("accuracy", "accuracy >= 0.8", "accuracy >= 0.7"),
        Change("roc_auc", None, "roc_auc > baseline"),
        Change("confidence", "0.95", "0.9"),
    ),
)


def test_of_long_values_that_is_shown_which_differs() -> None:
    before, after = (json.dumps([f"column {number}" for number in range(count)]) for count in (20, 12))
    change = replace(MUCH, params=(Change("features", before, after),))
    [told] = dict(changed(change))["params"]
    assert told == 'features …0", "column 11", "column 12", "column 13", "column 14", "c… → …0", "column 11"]'
    [whole] = dict(changed(change, Marking(longest=500)))["params"]
    assert whole == f"features {before} → {after}"


def test_every_kind_of_change_has_its_words() -> None:
    assert {kind: in_line(kind, texts) for kind, texts in changed(MUCH)} == {
        "files": "features.py, train.py modified, a.py added, old.py renamed to new.py, gone.py deleted",
        "params": "train.max_depth 6 → 8, eta 0.1 added, gamma (was 2) removed",
        "data": (
            "flights: 18,240 → 19,004 rows, column inbound_delay_min added, column hour: range 0 to 23 → 0 to 24, "
            "column carrier: HA gone, B6 new, and 2 more columns; weather added (5 rows); unknown: other content"
        ),
        "environment": "Python 3.11 → 3.12, scikit-learn 1.5.2 → 1.6.0, rich 14.0 removed",
        "gate rules": "accuracy >= 0.8 → accuracy >= 0.7, roc_auc > baseline added, confidence 0.95 → 0.9",
    }
    assert unchanged(MUCH) is None


def test_columns_are_counted_and_not_their_changes() -> None:
    changes = tuple(ColumnChange(name, what, "1", "2", 0.5) for name in "abcd" for what in ("range", "shift"))
    data = (DatasetChange("d", flights(5, "a"), flights(5, "b"), changes),)
    [told] = dict(changed(replace(NOTHING, datasets=data)))["data"]
    assert told.endswith("column c: range 1 → 2, column c shifted by 0.50, and one more column")
    [told] = dict(changed(replace(NOTHING, datasets=(replace(data[0], columns=changes[:6]),))))["data"]
    assert told.endswith("column c shifted by 0.50")


def test_what_is_the_same_is_said_and_what_is_not_known_is_not() -> None:
    assert unchanged(NOTHING) == "files, params, data, environment and gate rules"
    assert unchanged(replace(NOTHING, files=None, packages=None, rules=None)) == "params and data"


@pytest.mark.parametrize("kind", ["files", "params"])
def test_of_many_the_first_few_are_told(kind: str) -> None:
    many = replace(
        NOTHING,
        files=tuple(FileChange(f"f{number:02}", "added") for number in range(20)),
        params=tuple(Change(f"p{number:02}", "1", "2") for number in range(20)),
    )
    texts = dict(changed(many))[kind]
    assert texts[-1] == "and 12 more"
    assert "07" in " ".join(texts) and "08" not in " ".join(texts)
    assert len(dict(changed(many, most=None))[kind]) == 20


def test_a_long_value_is_cut() -> None:
    [(_, [text])] = changed(replace(NOTHING, params=(Change("p", "1", "x" * 1000),)))
    assert len(text) < 80


def test_in_markdown_names_are_code_and_kinds_are_told_apart() -> None:
    text = render_markdown(replace(REPORTS["ready"], changes=replace(MUCH, files=MUCH.files and MUCH.files[:1])))
    line = next(line for line in text.splitlines() if line.startswith("**What changed since v12:**"))
    assert "`features.py` modified; `train.max_depth` 6 → 8, " in line
    assert "; data `flights`: 18,240 → 19,004 rows, column `inbound_delay_min` added" in line
    assert "; gate rules `accuracy >= 0.8` → `accuracy >= 0.7`" in line
