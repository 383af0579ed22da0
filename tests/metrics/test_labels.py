from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.metrics import Predictions, RowMeans, metric_of
from mlops_ci.project.metric_calls import parse_metric
from tests.metrics.rows import binary, close, counts, found, labels_of, multiclass

CLASSIFICATION = binary() | multiclass()
SHARES: dict[str, tuple[Any, dict[str, float]]] = {
    "precision": (reference.precision_score, {}),
    "recall": (reference.recall_score, {}),
    "f1": (reference.f1_score, {}),
    "f_beta(2)": (reference.fbeta_score, {"beta": 2.0}),
    "f_beta(0.5)": (reference.fbeta_score, {"beta": 0.5}),
}


def averaged(call: str, average: str) -> str:
    return f"{call[:-1]}, {average})" if call.endswith(")") else f"{call}({average})"


@given(CLASSIFICATION, st.sampled_from(sorted(SHARES)), st.sampled_from(["macro", "micro", "weighted"]))
def test_averages_over_classes_agree_with_scikit_learn(rows: Predictions, call: str, average: str) -> None:
    theirs, further = SHARES[call]
    truth, answer = labels_of(rows)
    weight = counts(rows)[counts(rows) > 0]
    expected = theirs(truth, answer, average=average, sample_weight=weight, zero_division=0, **further)
    assert close(found(averaged(call, average), rows), expected)


@given(CLASSIFICATION, st.sampled_from(sorted(SHARES)), st.data())
def test_the_share_of_a_class_agrees_with_scikit_learn_and_is_nan_where_that_has_none(
    rows: Predictions, call: str, data: st.DataObject
) -> None:
    theirs, further = SHARES[call]
    code = data.draw(st.integers(0, len(rows.classes) - 1))
    weight = counts(rows)
    expected = theirs(
        rows.target, rows.prediction, labels=[code], average=None, sample_weight=weight, zero_division=np.nan, **further
    )[0]
    truth, answer = labels_of(rows)
    if "f" in call and not (truth == code).any() and not (answer == code).any():
        expected = math.nan
    ours = found(f"{call}[{rows.classes[code]}]", rows)
    assert math.isnan(ours) if math.isnan(expected) else close(ours, expected)
    if rows.task == "binary" and code == 1:
        plain = found(call, rows)
        assert plain == ours or math.isnan(plain)


@given(CLASSIFICATION)
def test_accuracies_and_mcc_agree_with_scikit_learn(rows: Predictions) -> None:
    weight = counts(rows)
    assert close(found("accuracy", rows), reference.accuracy_score(rows.target, rows.prediction, sample_weight=weight))
    truth, answer = labels_of(rows)
    kept = weight[weight > 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about classes that are answered only, and about a single class
        balanced = reference.balanced_accuracy_score(truth, answer, sample_weight=kept)
        correlation = reference.matthews_corrcoef(truth, answer, sample_weight=kept)
    assert close(found("balanced_accuracy", rows), balanced)
    assert close(found("mcc", rows), correlation)


@pytest.mark.parametrize("call", ["mcc", "f_beta(2, macro)", "precision(weighted)", "recall[b]", "balanced_accuracy"])
def test_cells_say_the_same_as_moments_in_few_rows(call: str) -> None:
    random = np.random.default_rng(1)
    target, answer = random.integers(0, 3, (2, 500))
    rows = Predictions("multiclass", target, answer, None, ("a", "b", "c", "never"), weight=random.random(500))
    parsed = parse_metric(call)
    metric = metric_of(parsed.name, parsed.arguments, parsed.of)
    assert metric is not None
    form = metric.form
    assert isinstance(form, RowMeans) and form.cells is not None
    cells, moments = form.cells(rows), form.moments(rows)
    assert cells.table.shape[0] <= 9 and cells.codes.max() < cells.table.shape[0]
    assert (cells.table.toarray()[cells.codes] == moments).all() and set(np.unique(moments)) == {0.0, 1.0}
    assert rows.weight is not None
    assert close(float(form.combine(rows.weight @ moments / rows.weight.sum())), found(call, rows))


def test_many_classes_take_no_more_memory_than_there_are_pairs_of_labels() -> None:
    target = np.arange(5000) % 1000
    rows = Predictions("multiclass", target, (target * 7) % 1000, None, tuple(map(str, range(1000))))
    metric = metric_of("f1", ("macro",))
    assert metric is not None and isinstance(metric.form, RowMeans) and metric.form.cells is not None
    cells = metric.form.cells(rows)
    assert cells.table.shape == (1000, 3000) and cells.table.nnz <= 3000


@pytest.mark.parametrize("call", ["precision", "recall", "f1", "mcc", "f1(macro)", "balanced_accuracy", "precision[n]"])
def test_a_nan_score_spoils_what_is_derived_from_it(call: str) -> None:
    score = np.array([0.1, np.nan, 0.8, 0.6])
    rows = Predictions("binary", np.array([False, True, True, False]), None, score, ("n", "y")).with_prediction()
    assert math.isnan(found(call, rows))


@pytest.mark.parametrize("label", [0, 1, 2])
def test_mcc_of_a_constant_answer_is_exactly_zero_whatever_the_weights(label: int) -> None:
    random = np.random.default_rng(label)
    rows = Predictions(
        "multiclass", random.integers(0, 3, 99), np.full(99, label), None, ("a", "b", "c"), weight=random.random(99)
    )
    assert found("mcc", rows) == 0.0
