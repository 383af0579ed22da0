from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlops_ci.errors import UsageError
from mlops_ci.gate.reading.evidence_file import read_numbers
from mlops_ci.metrics import Predictions, Task
from tests.gate.conftest import Read, Write
from tests.gate.parts import gate, verdict_on

COLUMNS: dict[str, list[Any]] = {
    "id": ["a", "b", "c", "d"],
    "target": ["late", "fine", "late", "fine"],
    "score": [0.9, 0.2, 0.4, 0.6],
    "carrier": ["AA", "BB", None, "AA"],
}


SET_OF_ZERO_AND_A_HALF = {
    "regression": "sha256:617aa390c0d50805e54b31254a9b24d6d624035d6840fef1d67e1277bf766210",
    "multiclass": "sha256:951cb4248dda07b94203bcff45b8028fdb3e5bfbd390926f6ae63478664030ca",
}


def predictions(found: Any) -> Predictions:
    assert isinstance(found.predictions, Predictions)
    return found.predictions


@pytest.mark.parametrize("name", ["p.csv", "p.tsv", "p.parquet"])
def test_a_table_becomes_predictions(name: str, write: Write, read: Read) -> None:
    found = read(write(name, COLUMNS), positive="late", slices=("carrier",))
    rows = predictions(found)
    assert rows.classes == ("fine", "late")
    assert rows.target.tolist() == [True, False, True, False]
    assert rows.require_score().tolist() == [0.9, 0.2, 0.4, 0.6]
    assert rows.require_prediction().tolist() == [True, False, False, True]
    assert found.slices["carrier"].tolist() == ["AA", "BB", "(missing)", "AA"]


def test_rows_are_paired_by_their_ids_whatever_their_order(write: Write, read: Read) -> None:
    turned = {name: values[::-1] for name, values in COLUMNS.items()}
    one = read(write("one.csv", COLUMNS), positive="late", slices=("carrier",))
    two = read(write("two.csv", turned), positive="late", slices=("carrier",))
    assert one.evaluation_set == two.evaluation_set
    assert predictions(one).require_score().tolist() == predictions(two).require_score().tolist()
    assert one.slices["carrier"].tolist() == two.slices["carrier"].tolist()
    verdict = verdict_on(gate("accuracy >= baseline - 0.9"), one, two)
    assert verdict.rules[0].change == 0 and verdict.disagreement and verdict.disagreement.newly_right == 0


SAME = {
    "text ids": {"id": ["a", "b"], "target": ["1", "0"], "score": [1.0, 0.0]},
    "whole numbers": {"id": [10, 9], "target": [1, 0], "score": [1.0, 0.5]},
    "decimals": {"id": [1, 2], "target": [1.0, 0.0], "score": [0.1, 0.5]},
    "truth values": {"id": [1, 2], "target": [True, False], "score": [0.1, 0.5]},
    "no ids": {"target": [0, 1, 1], "score": [0.1, 0.5, 0.7]},
}


@pytest.mark.parametrize("columns", SAME.values(), ids=SAME)
def test_csv_and_parquet_mean_the_same_evaluation_set(columns: dict[str, list[Any]], write: Write, read: Read) -> None:
    one, two = read(write("p.csv", columns)), read(write("p.parquet", columns))
    assert one.evaluation_set == two.evaluation_set
    assert predictions(one).target.tolist() == predictions(two).target.tolist()


def test_truth_values_as_pandas_writes_them_are_the_same_set(write: Write, read: Read) -> None:
    one = read(write("p.csv", "target,score\nTrue,0.9\nFalse,0.2\n"))
    two = read(write("p.parquet", {"target": [True, False], "score": [0.9, 0.2]}))
    assert one.evaluation_set == two.evaluation_set
    assert predictions(one).classes == ("false", "true")


def test_whole_numbers_and_decimals_are_the_same_labels(write: Write, read: Read) -> None:
    one = read(write("one.parquet", {"target": [1, 0], "score": [0.9, 0.2]}))
    two = read(write("two.parquet", {"target": [1.0, 0.0], "score": [0.9, 0.2]}))
    assert one.evaluation_set == two.evaluation_set


@pytest.mark.parametrize(
    "change", [{"target": ["late", "fine", "late", "late"]}, {"id": ["a", "b", "c", "e"]}], ids=["a target", "an id"]
)
def test_another_id_or_target_is_another_evaluation_set(change: dict[str, list[Any]], write: Write, read: Read) -> None:
    one = read(write("one.csv", COLUMNS), positive="late")
    two = read(write("two.csv", {**COLUMNS, **change}), positive="late")
    assert one.evaluation_set != two.evaluation_set


@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_a_zero_has_no_sign(task: Task, write: Write, read: Read) -> None:
    one, two = (
        read(write(name, {"id": ["a", "b"], "target": [zero, 0.5], "prediction": [0.0, 0.5]}), task)
        for name, zero in (("one.parquet", 0.0), ("two.parquet", -0.0))
    )
    assert one.evaluation_set == two.evaluation_set
    assert one.evaluation_set == SET_OF_ZERO_AND_A_HALF[task]  # as it is on record


def test_scores_are_no_part_of_the_evaluation_set(write: Write, read: Read) -> None:
    one = read(write("one.csv", COLUMNS), positive="late")
    two = read(write("two.csv", {**COLUMNS, "score": [0.1, 0.2, 0.3, 0.4]}), positive="late")
    assert one.evaluation_set == two.evaluation_set


def test_without_ids_the_order_of_the_rows_counts(write: Write, read: Read) -> None:
    one = read(write("one.csv", {"target": [0, 1, 1], "score": [0.1, 0.5, 0.7]}))
    two = read(write("two.csv", {"target": [1, 1, 0], "score": [0.7, 0.5, 0.1]}))
    assert one.evaluation_set != two.evaluation_set


REFUSED = {
    "a repeated id": ({"id": ["a", "b", "a", "d"]}, {}, "the id 'a' appears twice; the predictions; an id must"),
    "a missing id": ({"id": ["a", None, "c", "d"]}, {}, "the id column 'id' has missing values"),
    "a missing target": ({"target": ["late", None, "late", "fine"]}, {}, "'target' has missing values"),
    "no target column": ({}, {"target": "truth"}, "no column 'truth'; the predictions; its columns are: id, target"),
    "no id column": ({}, {"id": "row"}, "no column 'row'"),
    "no score column": ({}, {"score": "p"}, "no column 'p'"),
    "no slice column": ({}, {"slices": ("airport",)}, "no column 'airport'"),
    "an unknown positive": ({}, {"positive": "Late"}, "'Late' does not occur in the target; the predictions; its"),
    "no positive": ({}, {"positive": None}, "which value of the target is positive? Its values are 'fine', 'late'"),
    "three labels": ({"target": ["late", "fine", "late", "gone"]}, {}, "has two values, this one 3"),
    "a strange answer": ({"prediction": ["late", "fine", "?", "late"]}, {}, "not labels of the target: '?'"),
    "a missing answer": ({"prediction": ["late", "fine", None, "late"]}, {}, "'prediction' has missing values"),
    "scores as text": ({"score": ["a", "b", "c", "d"]}, {}, "the column 'score' holds String, not numbers"),
}


@pytest.mark.parametrize(("change", "how", "complaint"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_a_file_that_does_not_fit_is_refused_by_name(
    name: str, change: dict[str, list[Any]], how: dict[str, Any], complaint: str, write: Write, read: Read
) -> None:
    with pytest.raises(UsageError) as caught:
        read(write(name, {**COLUMNS, **change}), **{"positive": "late", **how})
    assert complaint in caught.value.line()
    assert caught.value.where == "the predictions"


BAD_FILES = {
    "empty": ("p.csv", "", "cannot be read"),
    "only a header": ("p.csv", "target,score\n", "the table is empty"),
    "without a header": ("p.csv", "1,0.3\n0,0.4\n", "the table has no header"),
    "a repeated headerless row": ("p.csv", "1,1,1\n0,1,2\n", "the table has no header"),
    "no table": ("p.txt", "target,score\n1,2\n", "not a table"),
    "no parquet": ("p.parquet", "target,score\n1,2\n", "cannot be read"),
    "ragged": ("p.csv", "target,score\n1,2,3,4\n", "cannot be read"),
}


@pytest.mark.parametrize(("name", "text", "complaint"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_is_no_table_is_refused(name: str, text: str, complaint: str, write: Write, read: Read) -> None:
    with pytest.raises(UsageError, match=complaint):
        read(write(name, text))


def test_a_file_that_is_not_there_is_refused(read: Read) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read(Path("nowhere.csv"))


def test_neither_answers_nor_scores_are_refused(write: Write, read: Read) -> None:
    file = write("p.csv", {"target": [1, 0]})
    for task in ("binary", "multiclass", "regression"):
        with pytest.raises(UsageError, match=r"there (is|are) (no|neither)"):
            read(file, task)


@pytest.mark.parametrize(("positive", "expected"), [(1, "1"), ("1", "1"), (0, "0"), (None, "1")])
def test_the_positive_label_may_be_a_number_or_text(positive: object, expected: str, write: Write, read: Read) -> None:
    rows = predictions(read(write("p.csv", {"target": [1, 0], "score": [0.9, 0.1]}), positive=positive))
    assert rows.classes[1] == expected


def test_the_positive_label_may_be_a_truth_value(write: Write, read: Read) -> None:
    file = write("p.csv", {"target": [True, False], "score": [0.9, 0.1]})
    assert predictions(read(file, positive=False)).target.tolist() == [False, True]


def test_a_missing_score_makes_the_metric_fail(write: Write, read: Read) -> None:
    found = read(write("p.csv", {**COLUMNS, "score": [0.9, None, 0.4, 0.6]}), positive="late")
    assert np.isnan(predictions(found).require_score()[1])
    assert [result.outcome for result in verdict_on(gate("accuracy > 0.1", "roc_auc > 0.1"), found).rules] == [
        "fail",
        "fail",
    ]


MULTICLASS: dict[str, list[Any]] = {
    "target": ["a", "b", "c"],
    "score_a": [0.8, 0.3, 0.1],
    "score_b": [0.1, 0.4, 0.2],
    "score_c": [0.1, 0.3, 0.7],
}


def test_a_multiclass_task_reads_a_score_for_each_class(write: Write, read: Read) -> None:
    rows = predictions(read(write("p.csv", MULTICLASS), "multiclass"))
    assert rows.classes == ("a", "b", "c")
    assert rows.require_score().shape == (3, 3)
    assert rows.require_prediction().tolist() == rows.target.tolist() == [0, 1, 2]


def test_the_prefix_of_multiclass_scores_can_be_named(write: Write, read: Read) -> None:
    columns = {name.replace("score_", "p."): values for name, values in MULTICLASS.items()}
    assert predictions(read(write("p.csv", columns), "multiclass", score="p.")).classes == ("a", "b", "c")


def test_a_class_without_a_score_is_refused(write: Write, read: Read) -> None:
    with pytest.raises(UsageError, match="no score column for the classes 'd'"):
        read(write("p.csv", {**MULTICLASS, "target": ["a", "b", "d"]}), "multiclass")


def test_a_predicted_class_without_a_score_has_a_score_of_zero(write: Write, read: Read) -> None:
    rows = predictions(read(write("p.csv", {**MULTICLASS, "prediction": ["a", "b", "z"]}), "multiclass"))
    assert rows.classes == ("a", "b", "c", "z")
    assert rows.require_score()[:, 3].tolist() == [0, 0, 0]


def test_classes_are_the_same_whatever_the_order_of_the_columns(write: Write, read: Read) -> None:
    turned = {name: MULTICLASS[name] for name in ("score_c", "score_b", "target", "score_a")}
    one, two = (
        read(write(name, columns), "multiclass") for name, columns in (("1.csv", MULTICLASS), ("2.csv", turned))
    )
    assert one.evaluation_set == two.evaluation_set
    verdict = verdict_on(gate("accuracy >= baseline - 1", "log_loss <= baseline * 2"), one, two)
    assert [result.change for result in verdict.rules] == pytest.approx([0, 0])


@pytest.mark.parametrize("columns", [{"score_a": [0.9, 0.8]}, {"prediction": ["a", "a"]}])
def test_a_multiclass_set_of_one_class_is_read(columns: dict[str, list[Any]], write: Write, read: Read) -> None:
    rows = predictions(read(write("p.csv", {"target": ["a", "a"], **columns}), "multiclass"))
    assert rows.classes == ("a", "not a")
    assert rows.require_prediction().tolist() == [0, 0]


def test_a_regression_reads_numbers(write: Write, read: Read) -> None:
    file = write("p.csv", {"target": [1, 2], "prediction": [1.5, 2.5]})
    rows = predictions(read(file, "regression"))
    assert rows.target.tolist() == [1.0, 2.0] and rows.require_prediction().tolist() == [1.5, 2.5]
    with pytest.raises(UsageError, match="holds String, not numbers"):
        read(write("q.csv", {"target": ["x", "y"], "prediction": [1.5, 2.5]}), "regression")


def test_a_metrics_file_gives_dotted_names_and_only_numbers(write: Write) -> None:
    text = '{"a": 1, "b": {"c": 2.5, "d": {"e": null}}, "t": "x", "f": true, "l": [1], "n": NaN, "i": Infinity}'
    found = read_numbers(write("m.json", text), called="m")
    assert found == {"a": 1.0, "b.c": 2.5, "b.d.e": None, "n": None, "i": None}


@pytest.mark.parametrize("text", ["", "[1]", "3", "{", "null"])
def test_what_is_no_metrics_file_is_refused(text: str, write: Write) -> None:
    with pytest.raises(UsageError, match="the metrics file is not"):
        read_numbers(write("m.json", text), called="m")
    with pytest.raises(UsageError, match="cannot be read"):
        read_numbers(Path("nowhere.json"), called="m")


def test_a_metrics_file_may_be_damaged_in_any_way(write: Write, tmp_path: Path) -> None:
    for name, data in (("utf", b'{"a": "\xff"}'), ("deep", b"[" * 100_000), ("long", b'{"a": ' + b"1" * 5000 + b"}")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UsageError):
            read_numbers(tmp_path / name, called=name)
