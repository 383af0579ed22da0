"""A model that is an ONNX file already: asked with ONNX Runtime, it has importances, and no parts that add up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn import compose, linear_model, pipeline

from mlops_ci.converter.table import Table
from mlops_ci.explainer.trouble import NotExplainableError
from tests.explainer.support import classes_of, explained

NO_PARTS = "the answers of a model in a file of ONNX or PyTorch are no sum over columns that is known here"


def fitted(table: Table, target: Any, task: str) -> Any:
    kind = linear_model.LinearRegression() if task == "regression" else linear_model.LogisticRegression()
    columns = compose.ColumnTransformer([("all", "passthrough", list(table.columns))])
    return pipeline.make_pipeline(columns, kind).fit(table.frame(), target)


def in_a_file(file: Path, model: Any, table: Table, task: str, *, zipped: bool = False) -> Path:
    """Each column is an input of its own."""
    options = {} if task == "regression" else {"zipmap": zipped}
    named = [(name, FloatTensorType([None, 1])) for name in table.columns]
    onnx.save(to_onnx(model, initial_types=named, options=options), str(file))
    return file


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_file_is_explained_as_the_model_that_it_was_made_of(task: str, numbers: Table, tmp_path: Path) -> None:
    target = classes_of(numbers, task)
    model = fitted(numbers, target, task)
    file = in_a_file(tmp_path / "model.onnx", model, numbers, task)
    ours, theirs = (explained(each, numbers, target, task) for each in (file, model))
    assert [each["column"] for each in ours["importances"]] == [each["column"] for each in theirs["importances"]]
    for of_file, of_model in zip(ours["importances"], theirs["importances"], strict=True):
        assert np.isclose(of_file["mean"], of_model["mean"], atol=1e-3)  # it computes in float32
    assert (ours["explained"], ours["reason"]) == ([], NO_PARTS)


def test_one_input_may_have_all_columns(numbers: Table, tmp_path: Path) -> None:
    target = classes_of(numbers, "regression")
    model = linear_model.LinearRegression().fit(numbers.matrix(), target)
    file = tmp_path / "model.onnx"
    onnx.save(to_onnx(model, numbers.matrix().astype(np.float32)), str(file))
    found = explained(file, numbers, target, "regression")
    assert [each["column"] for each in found["importances"]][:2] == ["a", "b"]


def test_a_file_without_scores_can_be_measured_by_its_labels_alone(numbers: Table, tmp_path: Path) -> None:
    """As skl2onnx writes classifiers if nothing is said: the probabilities are dictionaries."""
    target = np.where(classes_of(numbers, "binary") == 1, "late", "on time")
    file = in_a_file(tmp_path / "model.onnx", fitted(numbers, target, "binary"), numbers, "binary", zipped=True)
    found = explained(file, numbers, target, "binary", positive="late", metric="accuracy")
    assert found["importances"][0]["column"] == "a"
    with pytest.raises(NotExplainableError, match="roc_auc"):
        explained(file, numbers, target, "binary", positive="late")


def test_a_file_that_wants_other_columns_is_not_explained(numbers: Table, tmp_path: Path) -> None:
    target = classes_of(numbers, "binary")
    file = in_a_file(tmp_path / "model.onnx", fitted(numbers, target, "binary"), numbers, "binary")
    fewer = Table({name: column for name, column in numbers.columns.items() if name != "b"})
    with pytest.raises(NotExplainableError, match="no column 'b'"):
        explained(file, fewer, target, "binary")
