import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sklearn.metrics as reference
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mlops_ci.metrics import METRICS, Predictions, RowMeans, Task, value

# A grid makes ties common.
PROBABILITIES = st.integers(0, 20).map(lambda step: step / 20) | st.floats(0.0, 1.0)
NUMBERS = st.integers(-3, 3).map(float) | st.floats(-1e3, 1e3)


def close(ours: float, theirs: float) -> bool:
    return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)


@st.composite
def binary(draw: st.DrawFn) -> Predictions:
    n = draw(st.integers(1, 30))
    target = draw(arrays.arrays(bool, n))
    return Predictions("binary", target, None, draw(arrays.arrays(float, n, elements=PROBABILITIES)), ("n", "y"))


@st.composite
def multiclass(draw: st.DrawFn) -> Predictions:
    n, k = draw(st.integers(1, 20)), draw(st.integers(2, 4))
    raw = draw(arrays.arrays(float, (n, k), elements=PROBABILITIES)) + 1e-3
    target = draw(arrays.arrays(int, n, elements=st.integers(0, k - 1)))
    score = raw / raw.sum(axis=1, keepdims=True)
    return Predictions("multiclass", target, None, score, tuple("abcd"[:k]))


@st.composite
def regression(draw: st.DrawFn) -> Predictions:
    n = draw(st.integers(2, 30))
    target, prediction = (draw(arrays.arrays(float, n, elements=NUMBERS)) for _ in range(2))
    return Predictions("regression", target, prediction, None, ())


@given(binary())
def test_accuracy_and_log_loss_of_a_binary_task_agree_with_scikit_learn(rows: Predictions) -> None:
    derived = rows.with_prediction()
    assert close(value(METRICS["accuracy"], derived), reference.accuracy_score(rows.target, derived.prediction))
    theirs = reference.log_loss(rows.target, rows.score, labels=[False, True])
    assert close(value(METRICS["log_loss"], rows), theirs)


@given(binary())
def test_roc_auc_agrees_with_scikit_learn(rows: Predictions) -> None:
    ours = value(METRICS["roc_auc"], rows)
    if rows.target.all() or not rows.target.any():
        assert math.isnan(ours)
    else:
        assert close(ours, reference.roc_auc_score(rows.target, rows.score))


@given(multiclass())
def test_accuracy_and_log_loss_of_a_multiclass_task_agree_with_scikit_learn(rows: Predictions) -> None:
    derived = rows.with_prediction()
    assert close(value(METRICS["accuracy"], derived), reference.accuracy_score(rows.target, derived.prediction))
    theirs = reference.log_loss(rows.target, rows.score, labels=range(len(rows.classes)))
    assert close(value(METRICS["log_loss"], rows), theirs)


@given(regression())
def test_errors_of_a_regression_agree_with_scikit_learn(rows: Predictions) -> None:
    truth, answer = rows.target, rows.prediction
    assert close(value(METRICS["mae"], rows), reference.mean_absolute_error(truth, answer))
    assert close(value(METRICS["rmse"], rows), reference.root_mean_squared_error(truth, answer))


@given(regression(), st.sampled_from([0.0, 1e6]))
def test_r2_agrees_with_scikit_learn_even_far_from_zero(rows: Predictions, offset: float) -> None:
    assume(np.ptp(rows.target) > 1e-2)
    assert rows.prediction is not None
    moved = Predictions("regression", rows.target + offset, rows.prediction + offset, None, ())
    theirs = reference.r2_score(moved.target, moved.prediction)
    assert math.isclose(value(METRICS["r2"], moved), theirs, rel_tol=1e-9, abs_tol=1e-9)


@given(regression())
def test_moments_of_resampled_rows_give_the_metric_of_those_rows(rows: Predictions) -> None:
    picked = np.arange(len(rows)) // 2
    assume(np.ptp(rows.target[picked]) > 1e-2)
    for name in ("mae", "rmse", "r2"):
        form = METRICS[name].form
        assert isinstance(form, RowMeans)
        means = np.stack([form.moments(rows)[picked].mean(axis=0)] * 2)
        expected = value(METRICS[name], rows.take(picked))
        assert form.combine(means) == pytest.approx([expected, expected], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("constant", [0.1, 1e9 + 0.3, -7.0])
def test_r2_of_a_constant_target_is_nan(constant: float) -> None:
    rows = Predictions("regression", np.full(7, constant), np.arange(7.0), None, ())
    assert math.isnan(value(METRICS["r2"], rows))


def empty(task: Task) -> Predictions:
    none = np.zeros(0)
    if task == "regression":
        return Predictions(task, none, none, None, ())
    if task == "binary":
        return Predictions(task, none.astype(bool), none.astype(bool), none, ("n", "y"))
    if task == "ranking":
        return Predictions(task, none, None, none, (), group=none.astype(int))
    return Predictions(task, none.astype(int), none.astype(int), np.zeros((0, 3)), ("a", "b", "c"))


@pytest.mark.parametrize(("name", "task"), [(n, t) for n, m in METRICS.items() for t in sorted(m.tasks)])
def test_no_rows_give_nan(name: str, task: Task) -> None:
    assert math.isnan(value(METRICS[name], empty(task)))


@pytest.mark.parametrize("name", ["accuracy", "roc_auc", "log_loss"])
def test_a_nan_score_gives_nan_for_a_binary_task(name: str) -> None:
    score = np.array([0.1, np.nan, 0.8, 0.6])
    rows = Predictions("binary", np.array([False, True, True, False]), None, score, ("n", "y"))
    assert math.isnan(value(METRICS[name], rows.with_prediction()))


@pytest.mark.parametrize("name", ["accuracy", "log_loss"])
def test_a_nan_in_any_class_gives_nan_for_a_multiclass_task(name: str) -> None:
    rows = Predictions("multiclass", np.array([0, 1]), None, np.array([[1.0, 0.0], [np.nan, 1.0]]), ("a", "b"))
    assert math.isnan(value(METRICS[name], rows.with_prediction()))


@pytest.mark.parametrize("name", ["mae", "rmse", "r2"])
@pytest.mark.parametrize("where", ["target", "prediction"])
def test_a_nan_number_gives_nan_for_a_regression(name: str, where: str) -> None:
    columns = {"target": np.array([1.0, 2.0, 4.0]), "prediction": np.array([1.0, 2.0, 3.0])}
    columns[where][1] = np.nan
    rows = Predictions("regression", columns["target"], columns["prediction"], None, ())
    assert math.isnan(value(METRICS[name], rows))


@pytest.mark.parametrize("name", ["mae", "rmse", "r2"])
def test_infinite_numbers_do_not_raise(name: str) -> None:
    rows = Predictions("regression", np.array([1.0, 2.0, np.inf]), np.array([np.inf, 1e300, np.inf]), None, ())
    assert not math.isfinite(value(METRICS[name], rows))


def test_log_loss_of_a_number_that_is_no_probability_is_nan() -> None:
    for score in ([0.2, 1.5], [-0.5, 0.5]):
        rows = Predictions("binary", np.array([True, False]), None, np.array(score), ("n", "y"))
        assert math.isnan(value(METRICS["log_loss"], rows))


def test_log_loss_forgives_the_rounding_of_a_float32_softmax() -> None:
    rows = Predictions("binary", np.array([True]), None, np.array([1.0 + 2e-7]), ("n", "y"))
    assert value(METRICS["log_loss"], rows) == pytest.approx(0.0, abs=1e-12)


def test_log_loss_scales_multiclass_rows_to_one() -> None:
    rows = Predictions("multiclass", np.array([0]), None, np.array([[0.9, 0.9, 0.9]]), ("a", "b", "c"))
    assert value(METRICS["log_loss"], rows) == pytest.approx(math.log(3.0))


def test_a_certain_and_wrong_answer_has_the_log_loss_of_the_clipped_probability() -> None:
    rows = Predictions("binary", np.array([True]), None, np.array([0.0]), ("n", "y"))
    assert value(METRICS["log_loss"], rows) == pytest.approx(-math.log(np.finfo(float).eps))


def test_a_metric_of_another_task_is_refused() -> None:
    rows = Predictions("regression", np.zeros(2), np.zeros(2), None, ())
    with pytest.raises(ValueError, match="ROC AUC is not defined for a regression"):
        value(METRICS["roc_auc"], rows)


@pytest.mark.parametrize(("name", "what"), [("accuracy", "prediction"), ("log_loss", "score"), ("roc_auc", "score")])
def test_a_missing_part_is_refused(name: str, what: str) -> None:
    target = np.array([True, False])
    parts: dict[str, npt.NDArray[Any] | None] = {"prediction": target, "score": np.array([0.5, 0.5])}
    parts[what] = None
    assert METRICS[name].needs == what
    with pytest.raises(ValueError, match=f"needs a {what}"):
        value(METRICS[name], Predictions("binary", target, parts["prediction"], parts["score"], ("n", "y")))


def test_the_catalogue_says_which_way_is_better() -> None:
    worse = {n for n, m in METRICS.items() if not m.higher_is_better}
    assert worse == {
        *("log_loss", "brier", "calibration_error", "rmse", "mae", "mape", "smape"),
        *("poisson_deviance", "gamma_deviance"),
    }
    assert all(name == metric.name for name, metric in METRICS.items())


@pytest.mark.parametrize("n", [3, 6, 7])
def test_the_r2_moments_of_a_constant_target_are_exactly_zero(n: int) -> None:
    rows = Predictions("regression", np.full(n, 0.1), np.zeros(n), None, ())
    form = METRICS["r2"].form
    assert isinstance(form, RowMeans)
    assert not form.moments(rows)[:, 1:].any()
