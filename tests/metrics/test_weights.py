from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mlops_ci.metrics import Predictions, Resampled, metric_of
from mlops_ci.project.metric_calls import parse_metric
from tests.metrics.rows import binary, found, multiclass, plain, ranking, regression

CALLS = {
    "binary": [
        *("accuracy", "balanced_accuracy", "precision", "recall[n]", "f1", "f_beta(2, macro)", "mcc", "roc_auc"),
        *("pr_auc", "recall_at_precision(0.6)", "log_loss", "brier", "calibration_error(4)"),
    ],
    "multiclass": [
        *("accuracy", "balanced_accuracy", "precision(weighted)", "recall[a]", "f1(macro)", "mcc", "roc_auc(macro)"),
        *("roc_auc[b]", "pr_auc(weighted)", "recall_at_precision(0.4)[b]", "log_loss", "brier", "calibration_error(4)"),
    ],
    "regression": [*("rmse", "mae", "r2", "mape", "smape", "pinball(0.3)", "poisson_deviance", "gamma_deviance")],
    "ranking": [*("ndcg", "ndcg(2)", "map", "map(3)")],
    "rows": [*("mean(x)", "median(x)", "quantile(x, 0.9)")],
}
ROWS = {
    "binary": binary(),
    "multiclass": multiclass(),
    "regression": regression(),
    "ranking": ranking(),
    "rows": plain(),
}
TASKS = pytest.mark.parametrize("task", CALLS)


def same(one: float, other: float) -> bool:
    return (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def settled(call: str, rows: Predictions) -> bool:
    """Whether the value does not hang on the rounding of a variance that is nearly nothing."""
    return call != "r2" or np.ptp(rows.target) > 1e-2


def weighted_by(rows: Predictions, times: list[int]) -> tuple[Predictions, Predictions]:
    """Rows (of a ranking: queries) with whole weights, and the same rows that many times."""
    many = np.array(times)
    if rows.group is None:
        counted = np.resize(many, len(rows))
        return replace(rows, weight=counted.astype(float)), replace(rows, weight=None).take(
            np.repeat(np.arange(len(rows)), counted)
        )
    counted = np.resize(many, int(rows.group.max()) + 1)
    weighted = replace(rows, weight=counted[rows.group].astype(float))
    copies = [np.flatnonzero(rows.group == code) for code, count in enumerate(counted) for _ in range(count)]
    repeated = replace(rows, weight=None).take(np.concatenate(copies))
    queries = np.repeat(np.arange(len(copies)), [len(copy) for copy in copies])
    return weighted, replace(repeated, group=queries)


@TASKS
@settings(max_examples=25)
@given(st.data(), st.lists(st.integers(0, 3), min_size=1, max_size=7))
def test_a_row_of_weight_two_is_that_row_twice(task: str, data: st.DataObject, times: list[int]) -> None:
    rows = data.draw(ROWS[task])
    assume(any(np.resize(times, len(rows) if rows.group is None else int(rows.group.max()) + 1)))
    weighted, repeated = weighted_by(rows, times)
    for call in CALLS[task]:
        if settled(call, repeated):
            assert same(found(call, weighted), found(call, repeated)), call


@TASKS
@settings(max_examples=25)
@given(st.data(), st.sampled_from([0.01, 3.0, 1e5]))
def test_neither_the_order_of_rows_nor_the_scale_of_weights_matters(
    task: str, data: st.DataObject, scale: float
) -> None:
    rows = data.draw(ROWS[task])
    order = np.array(data.draw(st.permutations(range(len(rows)))))
    other = rows.take(order)
    if rows.weight is not None:
        other = replace(other, weight=rows.weight[order] * scale)
    for call in CALLS[task]:
        if settled(call, rows) and (rows.weight is None or call != "r2"):
            assert same(found(call, rows), found(call, other)), call


@TASKS
@settings(max_examples=15)
@given(st.data())
def test_weights_of_a_resample_are_multiplied_with_the_rows_own(task: str, data: st.DataObject) -> None:
    rows = data.draw(ROWS[task])
    given_weights = np.array([[1.0] * len(rows), [2.0] * len(rows), list(np.arange(len(rows)) % 3)], dtype=float)
    assume(rows.weight is None or (given_weights @ rows.weight > 0).all())
    assume(given_weights[2].any())
    own = np.ones(len(rows)) if rows.weight is None else rows.weight
    for call in CALLS[task]:
        parsed = parse_metric(call)
        metric = metric_of(parsed.name, parsed.arguments, parsed.of)
        assert metric is not None
        if isinstance(metric.form, Resampled):
            values = metric.form.prepare(rows)(given_weights)
            assert values.shape == (3,)
            for value, weights in zip(values, given_weights, strict=True):
                assert same(float(value), found(call, replace(rows, weight=own * weights))), call


@TASKS
@settings(max_examples=5)
@given(st.data())
def test_rows_of_no_weight_have_no_value(task: str, data: st.DataObject) -> None:
    rows = data.draw(ROWS[task])
    none = replace(rows, weight=np.zeros(len(rows)))
    assert all(math.isnan(found(call, none)) for call in CALLS[task])


@pytest.mark.parametrize("call", CALLS["regression"])
def test_what_does_not_count_may_be_what_cannot_be_judged(call: str) -> None:
    counted = plain_numbers([2.0, 4.0], [1.0, 5.0], [1.0, 2.0])
    beside = plain_numbers([2.0, -1.0, 4.0], [1.0, math.nan, 5.0], [1.0, 0.0, 2.0])
    assert same(found(call, counted), found(call, beside))


def plain_numbers(target: list[float], prediction: list[float], weight: list[float]) -> Predictions:
    numbers = (np.array(each) for each in (target, prediction, weight))
    return Predictions("regression", next(numbers), next(numbers), None, (), weight=next(numbers))
