from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mlops_ci.metrics import METRICS, NAMES, Predictions, Task, metric_of, value, why_not
from mlops_ci.project.metric_calls import parse_metric


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


@pytest.mark.parametrize(
    ("call", "rows"),
    [
        *((call, empty("multiclass")) for call in ("f1(macro)", "recall[a]", "roc_auc(macro)", "pr_auc(weighted)")),
        *((call, Predictions("rows", np.zeros(0), None, None, (), columns={"x": np.zeros(0)}))
          for call in ("mean(x)", "median(x)", "quantile(x, 0.1)")),
    ],
)  # fmt: skip
def test_no_rows_give_nan_whatever_the_arguments(call: str, rows: Predictions) -> None:
    parsed = parse_metric(call)
    metric = metric_of(parsed.name, parsed.arguments, parsed.of)
    assert metric is not None
    assert math.isnan(value(metric, rows))


@pytest.mark.parametrize("name", ["accuracy", "roc_auc", "log_loss"])
def test_a_nan_score_gives_nan_for_a_binary_task(name: str) -> None:
    score = np.array([0.1, np.nan, 0.8, 0.6])
    rows = Predictions("binary", np.array([False, True, True, False]), None, score, ("n", "y"))
    assert math.isnan(value(METRICS[name], rows.with_prediction()))


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "mcc", "log_loss", "brier", "calibration_error"])
def test_a_nan_in_any_class_gives_nan_for_a_multiclass_task(name: str) -> None:
    rows = Predictions("multiclass", np.array([0, 1]), None, np.array([[1.0, 0.0], [np.nan, 1.0]]), ("a", "b"))
    assert math.isnan(value(METRICS[name], rows.with_prediction()))


def test_a_metric_of_another_task_is_refused() -> None:
    rows = Predictions("regression", np.zeros(2), np.zeros(2), None, ())
    with pytest.raises(ValueError, match="ROC AUC is not defined for a regression"):
        value(METRICS["roc_auc"], rows)


@pytest.mark.parametrize(
    ("name", "missing", "problem"),
    [
        ("accuracy", "prediction", "the scores are no probabilities, and there is no prediction column"),
        ("log_loss", "score", "there are no scores to compute it from"),
        ("roc_auc", "score", "there are no scores to compute it from"),
    ],
)
def test_a_missing_part_is_refused(name: str, missing: str, problem: str) -> None:
    target = np.array([True, False])
    parts: dict[str, npt.NDArray[Any] | None] = {"prediction": target, "score": np.array([0.5, 0.5])}
    parts[missing] = None
    rows = Predictions("binary", target, parts["prediction"], parts["score"], ("n", "y"))
    assert METRICS[name].needs == missing and why_not(METRICS[name], rows) == problem
    with pytest.raises(ValueError, match=problem):
        value(METRICS[name], rows)


def test_a_class_that_is_not_there_is_refused_with_those_that_are() -> None:
    metric = metric_of("recall", (), "lat")
    rows = Predictions("binary", np.array([True]), np.array([True]), None, ("early", "late"))
    assert metric is not None and why_not(metric, rows) == "there is no class 'lat', only early, late"


def test_the_catalogue_says_which_way_is_better() -> None:
    worse = {n for n, m in METRICS.items() if not m.higher_is_better}
    assert worse == {
        *("log_loss", "brier", "calibration_error", "rmse", "mae", "mape", "smape"),
        *("poisson_deviance", "gamma_deviance"),
    }
    assert all(name == metric.name for name, metric in METRICS.items())
    of_a_column = metric_of("mean", ("latency",))
    assert of_a_column is not None and of_a_column.higher_is_better is None


@pytest.mark.parametrize(
    ("call", "label"),
    [
        ("recall[late]", "recall of late"),
        ("f_beta(2.0, macro)", "F2, macro"),
        ("f_beta(.5)", "F0.5"),
        ("roc_auc( weighted )", "ROC AUC, weighted"),
        ("recall_at_precision(0.9)[late]", "recall at precision 0.9 of late"),
        ("calibration_error(10)", "calibration error in 10 bins"),
        ("pinball(0.9)", "pinball loss at 0.9"),
        ("ndcg(10)", "NDCG@10"),
        ("map", "MAP"),
        ("quantile(latency, 0.95)", "quantile 0.95 of latency"),
        ("win_rate(judge.score)", "win rate by judge.score"),
    ],
)
def test_a_metric_has_the_name_of_its_rule_and_one_for_people(call: str, label: str) -> None:
    parsed = parse_metric(call)
    metric = metric_of(parsed.name, parsed.arguments, parsed.of)
    assert metric is not None and (metric.label, metric.name) == (label, parsed.text)
    assert metric.versus == (parsed.name == "win_rate") and metric.of == parsed.of


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        ("f_beta", "f_beta lacks beta, a number above 0"),
        ("f_beta(0)", r"beta of f_beta\(0\) must be a number above 0"),
        ("f_beta(macro, 2)", r"f_beta\(macro, 2\) lacks beta"),
        ("recall(2)", "2 is no argument of recall"),
        ("recall(marco)", "marco is no argument of recall"),
        ("recall(macro)[late]", "both an average and a class"),
        ("roc_auc(micro)", "micro is no argument of roc_auc"),
        ("accuracy[late]", r"accuracy is not defined for a single class; write it without \[late\]"),
        ("recall_at_precision(1.5)", "above 0 and at most 1"),
        ("pinball(1)", "above 0 and below 1"),
        ("calibration_error(2.5)", "a whole number"),
        ("ndcg(0)", "a whole number"),
        ("mean", "lacks the name of a column"),
        ("mean(3)", "lacks the name of a column"),
        ("quantile(x)", "lacks the quantile"),
        ("quantile(x, 95)", "above 0 and below 1"),
        ("median(x, y)", "y is no argument of median"),
    ],
)
def test_wrong_arguments_are_refused_in_a_sentence(call: str, complaint: str) -> None:
    parsed = parse_metric(call)
    with pytest.raises(ValueError, match=complaint):
        metric_of(parsed.name, parsed.arguments, parsed.of)


def test_an_unknown_name_is_no_metric_of_ours() -> None:
    assert metric_of("latency_ms") is None and metric_of("recall[late]") is None
    assert len(NAMES) == 27 and {*METRICS} < {*NAMES}
