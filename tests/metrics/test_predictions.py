from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mlops_ci.metrics import Predictions, Task

BINARY = ("no", "yes")

FloatArray = npt.NDArray[np.float64]
Arguments = tuple[Task, list[Any], list[Any] | None, list[Any] | None, tuple[str, ...]]


def binary(prediction: npt.NDArray[np.bool_] | None = None, score: FloatArray | None = None) -> Predictions:
    return Predictions("binary", np.array([True, False, True]), prediction, score, BINARY)


def test_take_by_index_keeps_order_and_repeats() -> None:
    taken = binary(np.array([True, True, False]), np.array([0.9, 0.6, 0.2])).take(np.array([2, 0, 2]))
    assert len(taken) == 3
    assert taken.target.tolist() == [True, True, True]
    assert taken.prediction is not None
    assert taken.score is not None
    assert taken.prediction.tolist() == [False, True, False]
    assert taken.score.tolist() == [0.2, 0.9, 0.2]


def test_take_by_mask_keeps_the_marked_rows_and_the_columns_of_a_score() -> None:
    score = np.arange(9.0).reshape(3, 3)
    rows = Predictions("multiclass", np.array([0, 1, 2]), None, score, ("a", "b", "c"))
    taken = rows.take(np.array([False, True, True]))
    assert taken.target.tolist() == [1, 2]
    assert taken.score is not None
    assert taken.score.tolist() == score[1:].tolist()
    assert taken.prediction is None


def test_a_binary_prediction_is_derived_at_one_half_inclusive() -> None:
    derived = binary(score=np.array([0.5, 0.499, 0.9])).with_prediction()
    assert derived.prediction is not None
    assert derived.prediction.tolist() == [True, False, True]
    assert derived.prediction.dtype == np.bool_


def test_a_multiclass_prediction_is_the_first_highest_class() -> None:
    score = np.array([[0.2, 0.4, 0.4], [0.5, 0.3, 0.2]])
    rows = Predictions("multiclass", np.array([0, 0]), None, score, ("a", "b", "c"))
    derived = rows.with_prediction()
    assert derived.prediction is not None
    assert derived.prediction.tolist() == [1, 0]


def test_the_models_own_prediction_is_kept() -> None:
    rows = binary(np.array([False, False, False]), np.array([0.9, 0.9, 0.9]))
    assert rows.with_prediction() is rows


def test_an_order_is_no_answer() -> None:
    rows = Predictions("ranking", np.array([1.0, 0.0]), None, np.array([0.2, 0.9]), (), group=np.array([0, 0]))
    assert rows.with_prediction() is rows


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("binary", [True, False], None, None, BINARY), "neither"),
        (("binary", [[True]], [True], None, BINARY), "one-dimensional"),
        (("binary", [1, 0], [True, False], None, BINARY), "dtype"),
        (("binary", [True, False], [True], None, BINARY), "1 rows"),
        (("binary", [True, False], None, [0.5], BINARY), "shape"),
        (("binary", [True, False], None, [[0.5, 0.5], [0.5, 0.5]], BINARY), "shape"),
        (("binary", [True, False], None, [1, 0], BINARY), "floating"),
        (("binary", [True], [True], None, ("yes",)), "two classes"),
        (("multiclass", [0, 3], [0, 1], None, ("a", "b", "c")), "codes 0 to 3"),
        (("multiclass", [0, 1], [-1, 1], None, ("a", "b", "c")), "codes -1 to 1"),
        (("multiclass", [0, 1], None, [[0.5, 0.5], [0.5, 0.5]], ("a", "b", "c")), "shape"),
        (("multiclass", [0], [0], None, ("a",)), "two classes or more"),
        (("regression", [1.0], [1.0], [1.0], ()), "no score"),
        (("regression", [1.0], [1.0], None, ("a",)), "no classes"),
        (("regression", [1.0], [1], None, ()), "dtype"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: Arguments, complaint: str) -> None:
    task, target, prediction, score, classes = arguments
    with pytest.raises(ValueError, match=complaint):
        Predictions(
            task,
            np.array(target),
            None if prediction is None else np.array(prediction),
            None if score is None else np.array(score),
            classes,
        )
