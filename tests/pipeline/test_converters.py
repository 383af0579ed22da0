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
    names = {each.partition(">=")[0] for each in converters_for(model, rows, installs=True)}
    assert names == {"onnx", "onnxruntime", "skl2onnx"} | more


def test_what_few_models_need_is_not_asked_of_an_interpreter_that_we_install_nothing_into() -> None:
    assert converters_for("model.pkl", "rows.csv", installs=False) == converters_for(
        "model.txt", "rows.csv", installs=True
    )
    assert any("onnxmltools" in each for each in converters_for("model.cbm", "rows.csv", installs=False))
