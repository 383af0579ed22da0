"""What is added to a model's environment for its conversion: no more than a file of its name may need."""

from __future__ import annotations

import pytest

from mlops_ci.pipeline.conversion import converters_for


@pytest.mark.parametrize(
    ("model", "rows", "more"),
    [
        ("model.txt", "rows.csv", set()),
        ("build/model.pkl", "rows.csv", {"onnxmltools"}),
        ("model.CBM", "rows.parquet", {"onnxmltools", "polars"}),
        ("model.pt2", "rows.json", {"onnxscript"}),
        ("model.pt", "rows.json", set()),
    ],
)
def test_converters_are_added_by_the_name_of_the_file(model: str, rows: str, more: set[str]) -> None:
    names = {each.partition(">=")[0] for each in converters_for(model, rows)}
    assert names == {"onnx", "onnxruntime", "skl2onnx"} | more
