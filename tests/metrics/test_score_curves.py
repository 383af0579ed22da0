from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.metrics import Predictions
from tests.metrics.rows import binary, close, counts, found, multiclass

ONE = {"roc_auc": reference.roc_auc_score, "pr_auc": reference.average_precision_score}


def has_area(call: str, positive: np.ndarray, weight: np.ndarray) -> bool:
    return weight[positive].sum() > 0 and (call != "roc_auc" or weight[~positive].sum() > 0)


@given(binary(), st.sampled_from(sorted(ONE)))
def test_areas_of_a_binary_task_agree_with_scikit_learn(rows: Predictions, call: str) -> None:
    weight = counts(rows)
    ours = found(call, rows)
    assert ours == found(f"{call}[y]", rows) or math.isnan(ours)
    if has_area(call, rows.target, weight):
        assert close(ours, ONE[call](rows.target, rows.score, sample_weight=weight))
    else:
        assert math.isnan(ours)
    if has_area(call, ~rows.target, weight):
        assert rows.score is not None
        assert close(found(f"{call}[n]", rows), ONE[call](~rows.target, -rows.score, sample_weight=weight))


@given(multiclass(), st.sampled_from(sorted(ONE)))
def test_areas_of_a_multiclass_task_are_those_of_each_class_against_the_rest(rows: Predictions, call: str) -> None:
    weight, values, shares = counts(rows), [], []
    assert rows.score is not None
    for code, name in enumerate(rows.classes):
        positive = rows.target == code
        ours = found(f"{call}[{name}]", rows)
        if has_area(call, positive, weight):
            values.append(ONE[call](positive, rows.score[:, code], sample_weight=weight))
            shares.append(weight[positive].sum())
            assert close(ours, values[-1])
        else:
            assert math.isnan(ours)
    for average, by in (("macro", None), ("weighted", shares)):
        ours = found(f"{call}({average})", rows)
        assert close(ours, float(np.average(values, weights=by))) if values else math.isnan(ours)


def test_the_average_of_all_classes_is_scikit_learns_one_against_the_rest() -> None:
    random = np.random.default_rng(3)
    score = random.dirichlet(np.ones(4), 300)
    rows = Predictions("multiclass", random.integers(0, 4, 300), None, score, tuple("abcd"), weight=random.random(300))
    for average in ("macro", "weighted"):
        theirs = reference.roc_auc_score(
            rows.target, score, multi_class="ovr", average=average, sample_weight=rows.weight
        )
        assert close(found(f"roc_auc({average})", rows), theirs)


@given(binary(), st.sampled_from([0.3, 0.5, 0.8, 1.0]))
def test_recall_at_a_precision_is_the_highest_of_scikit_learns_curve(rows: Predictions, precision: float) -> None:
    weight = counts(rows)
    ours = found(f"recall_at_precision({precision})", rows)
    if not has_area("pr_auc", rows.target, weight):
        assert math.isnan(ours)
        return
    precise, recalled, _ = reference.precision_recall_curve(rows.target, rows.score, sample_weight=weight)
    assert close(ours, recalled[precise >= precision - 1e-9].max())


def test_a_precision_that_is_met_exactly_counts() -> None:
    target = np.array([True] * 4 + [False] + [True] * 3 + [False] * 92)
    rows = Predictions("binary", target, None, np.linspace(1.0, 0.0, 100), ("n", "y"))
    assert found("recall_at_precision(0.8)", rows) == 1.0
    assert found("recall_at_precision(0.9)", rows) == pytest.approx(4 / 7)
    assert found("recall_at_precision(0.875)", rows) == 1.0


def test_equal_scores_cannot_be_told_apart() -> None:
    rows = Predictions("binary", np.array([True, False, True, False]), None, np.full(4, 0.3), ("n", "y"))
    assert (found("roc_auc", rows), found("pr_auc", rows), found("recall_at_precision(0.6)", rows)) == (0.5, 0.5, 0.0)
    endless = Predictions("binary", rows.target, None, np.array([np.inf, np.inf, -np.inf, -np.inf]), ("n", "y"))
    assert found("roc_auc", endless) == 0.5


@pytest.mark.parametrize("call", ["roc_auc", "pr_auc", "recall_at_precision(0.5)"])
def test_a_nan_score_gives_nan(call: str) -> None:
    rows = Predictions("binary", np.array([True, False]), None, np.array([np.nan, 0.5]), ("n", "y"))
    assert math.isnan(found(call, rows))


def test_a_nan_in_any_class_gives_nan_for_an_average() -> None:
    score = np.array([[0.5, 0.5, np.nan], [0.2, 0.7, 0.1], [0.6, 0.4, 0.0]])
    rows = Predictions("multiclass", np.array([0, 1, 0]), None, score, ("a", "b", "c"))
    assert math.isnan(found("roc_auc(macro)", rows)) and not math.isnan(found("roc_auc[a]", rows))
