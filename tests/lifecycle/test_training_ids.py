"""Ids of rows that were trained on are known again, whatever has become of their type."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mlops_ci.gate.reading.evidence_file import PredictionsFormat
from mlops_ci.lifecycle.training_ids import overlap
from mlops_ci.project.project import PredictionsFile

HOW = PredictionsFormat(PredictionsFile("predictions.parquet", None, "target", None, None), "binary", None, ())


@pytest.mark.parametrize(
    ("ids", "seen"),
    [
        ([3, 10], ("10", "3")),
        ([3.0, 10.0, None], ("10", "3")),
        (["3", "10.00", "x"], ("10", "3")),
        (["03", "3.5", "10.01"], ()),
        ([30, 100, -3], ()),
    ],
)
def test_ids_are_the_same_as_numbers_and_as_text(tmp_path: Path, ids: list[object], seen: tuple[str, ...]) -> None:
    rows = tmp_path / "predictions.parquet"
    pl.DataFrame({"id": [3, 10, 11], "target": [0, 1, 0], "prediction": [0, 1, 1]}).write_parquet(rows)
    pl.DataFrame({"id": ids}).write_parquet(tmp_path / "seen.parquet")
    found = overlap(rows, HOW, tmp_path / "seen.parquet", called="seen.parquet")
    assert (found.examples if found else ()) == seen
