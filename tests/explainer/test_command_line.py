"""The program: tables in, a record out, and one clear sentence where there is nothing to explain."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import linear_model

from mlops_ci.converter.table import Table
from mlops_ci.explainer.__main__ import main
from tests.explainer.support import classes_of


class Raising(linear_model.LogisticRegression):  # type: ignore[misc]
    """A model that nobody can ask."""

    def predict(self, x: Any) -> Any:
        raise RuntimeError("out of\nsorts")


sys.modules.setdefault("tests.explainer.test_command_line", sys.modules[__name__])


class Place:
    """A folder with a model, its rows and its predictions."""

    def __init__(self, folder: Path, numbers: Table) -> None:
        self.folder = folder
        self.target = np.where(classes_of(numbers, "binary") == 1, "late", "on time")
        self.inputs = {name: column.tolist() for name, column in numbers.columns.items()}
        self.write("inputs.json", {"id": list(range(numbers.rows)), **self.inputs})
        self.write("predictions.json", {"id": list(range(numbers.rows)), "target": self.target.tolist()})
        self.model(linear_model.LogisticRegression())

    def model(self, kind: Any) -> None:
        frame = Table({name: np.array(column) for name, column in self.inputs.items()}).frame()
        (self.folder / "model.pkl").write_bytes(pickle.dumps(kind.fit(frame, self.target)))

    def write(self, name: str, columns: dict[str, list[Any]]) -> None:
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        (self.folder / name).write_text(json.dumps(rows), "utf-8")

    def run(self, *more: str) -> dict[str, Any]:
        files = [
            f"--{name}={self.folder / file}"
            for name, file in (
                ("model", "model.pkl"),
                ("rows", "inputs.json"),
                ("predictions", "predictions.json"),
                ("out", "out"),
            )
        ]
        columns = ["--columns", json.dumps(["a", "b", "c"])]
        assert main([*files, *columns, "--task=binary", "--metric=roc_auc", "--positive=late", *more]) == 0
        return dict(json.loads((self.folder / "out" / "explanation.json").read_text("utf-8")))


@pytest.fixture
def place(tmp_path: Path, numbers: Table) -> Place:
    return Place(tmp_path, numbers)


def test_rows_are_joined_by_their_ids(place: Place) -> None:
    straight = place.run()
    order = np.random.default_rng(0).permutation(len(place.target)).tolist()
    place.write("predictions.json", {"id": order, "target": place.target[order].tolist()})
    found = place.run()
    assert straight["rows"] == found["rows"] == 200
    first, second = ({row["row"] for row in one["explained"]} for one in (straight, found))
    assert first == second
    assert found["importances"][0]["column"] == "a"
    assert abs(found["importances"][0]["mean"] - straight["importances"][0]["mean"]) < 0.1


def test_a_sample_is_taken_of_many_rows(place: Place) -> None:
    assert place.run("--sample=50")["rows"] == 50
    assert place.run("--sample=50") == place.run("--sample=50")


def test_no_rows_are_explained_where_none_are_asked_for(place: Place) -> None:
    found = place.run("--explained=0")
    assert (found["explained"], found["reason"], len(found["importances"])) == ([], None, 3)


def spoil_nothing(place: Place) -> None:
    (place.folder / "predictions.json").write_text('[{"id": 1}]', "utf-8")


def spoil_few(place: Place) -> None:
    place.write("predictions.json", {"id": list(range(200)), "target": ["late"] * 5 + [None] * 195})


def spoil_count(place: Place) -> None:
    place.write("predictions.json", {"target": ["late", "on time"]})


def spoil_one_class(place: Place) -> None:
    place.write("predictions.json", {"id": list(range(200)), "target": ["late"] * 200})


def spoil_ids(place: Place) -> None:
    place.write("predictions.json", {"id": [0] * 200, "target": place.target.tolist()})


def spoil_model(place: Place) -> None:
    place.model(Raising())


def spoil_file(place: Place) -> None:
    (place.folder / "model.pkl").write_bytes(b"no pickle")


def spoil_columns(place: Place) -> None:
    place.write("inputs.json", {"id": list(range(200)), "a": place.inputs["a"]})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_nothing, "have no column 'target'"),
        (spoil_few, "5 rows with a target are too few"),
        (spoil_count, "have 200 rows and the predictions 2"),
        (spoil_one_class, "roc_auc has no value on these rows"),
        (spoil_ids, "not different"),
        (spoil_model, "the model fails on the rows: RuntimeError: out of sorts"),
        (spoil_file, "cannot be loaded"),
        (spoil_columns, "have no column 'b', 'c'"),
    ],
)
def test_what_cannot_be_explained_is_said_in_a_line(spoil: Any, said: str, place: Place) -> None:
    spoil(place)
    found = place.run()
    assert said in found["reason"]
    assert "\n" not in found["reason"]
    assert (found["rows"], found["importances"], found["explained"]) == (0, [], [])


def test_an_unknown_positive_class_is_said(place: Place) -> None:
    assert "knows no class 'never'" in place.run("--positive=never")["reason"]
