from __future__ import annotations

import itertools

import pytest

from mlops_ci.metrics import METRICS, NAMES, metric_of
from mlops_ci.project.metric_calls import MetricCall, parse_metric
from mlops_ci.project.metric_names import BUILT_IN, SIGNATURES, call_problem, task_problem, tasks_of
from mlops_ci.project.project import Task

PIECES: tuple[float | str, ...] = (-1.0, 0.0, 0.5, 1.0, 1.5, 3.0, 2e6, "macro", "micro", "weighted", "latency")
ARGUMENTS = [inside for count in range(3) for inside in itertools.product(PIECES, repeat=count)] + [
    (0.5, "macro", "macro"), ("latency", 0.5, "macro"), ("latency", 0.5, 0.5),
]  # fmt: skip


def test_the_names_known_without_numpy_are_those_of_the_catalogue() -> None:
    assert tuple(BUILT_IN) == tuple(SIGNATURES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_what_a_metric_takes_is_the_same_with_and_without_numpy(name: str) -> None:
    accepted, tasks = 0, set[Task]()
    for arguments, of in itertools.product(ARGUMENTS, (None, "late")):
        call = MetricCall(name, arguments, of)
        try:
            metric = metric_of(name, arguments, of)
        except ValueError:
            assert call_problem(call) is not None, call
            continue
        assert metric is not None and call_problem(call) is None, call
        assert (metric.tasks, metric.name, metric.versus) == (tasks_of(call), call.text, SIGNATURES[name].versus), call
        accepted += 1
        tasks |= metric.tasks
    assert accepted and tasks == BUILT_IN[name]
    assert (name in METRICS) == (call_problem(MetricCall(name)) is None)


@pytest.mark.parametrize(
    ("call", "task", "problem"),
    [
        ("recall", "multiclass",
         "recall does not fit a multiclass task; write recall(macro), recall(micro), recall(weighted) or "
         "recall[class]"),
        ("f_beta(2)", "multiclass",
         "f_beta(2) does not fit a multiclass task; write f_beta(2, macro), f_beta(2, micro), f_beta(2, weighted) or "
         "f_beta(2)[class]"),
        ("roc_auc(macro)", "binary", "roc_auc(macro) does not fit a binary task; write roc_auc or roc_auc[class]"),
        ("roc_auc", "multiclass",
         "roc_auc does not fit a multiclass task; write roc_auc(macro), roc_auc(weighted) or roc_auc[class]"),
        ("recall_at_precision(0.9)", "multiclass",
         "recall_at_precision(0.9) does not fit a multiclass task; write recall_at_precision(0.9)[class]"),
        ("rmse", "ranking",
         "rmse does not fit a ranking task; use one of: ndcg, map, mean, median, quantile, win_rate"),
    ],
)  # fmt: skip
def test_a_call_that_does_not_fit_the_task_is_told_what_would(call: str, task: Task, problem: str) -> None:
    found = task_problem(parse_metric(call), task)
    assert found is not None and "; ".join(found) == problem


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ("f_beta", "f_beta lacks its beta, a number above 0; write f_beta(beta), f_beta(beta, macro) or "
                   "f_beta(beta)[class]"),
        ("f_beta(-1)", "the beta of f_beta(-1) must be a number above 0; write f_beta(beta), f_beta(beta, macro) or "
                       "f_beta(beta)[class]"),
        ("recall(marco)", "marco is no argument of recall; did you mean 'macro'?"),
        ("accuracy(0.5)", "0.5 is no argument of accuracy; write accuracy"),
        ("accuracy[late]", "accuracy is not defined for a single class; write accuracy"),
        ("recall(macro)[late]", "recall(macro)[late] is asked for both an average and a class; name one of them"),
        ("ndcg(2.5)", "the k of ndcg(2.5) must be a whole number from 1; write ndcg or ndcg(k)"),
        ("quantile(latency, 95)", "the quantile of quantile(latency, 95) must be a number above 0 and below 1; write "
                                  "quantile(column, quantile)"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_told_right_ones(call: str, problem: str) -> None:
    found = call_problem(parse_metric(call))
    assert found is not None and "; ".join(found) == problem
