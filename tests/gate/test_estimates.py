"""Which method judges what, and where nothing is said."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from mlops_ci.gate.estimating.estimates import estimate_alone, estimate_change, estimate_versus
from mlops_ci.metrics import Metric, Predictions, metric_of
from mlops_ci.project.metric_calls import parse_metric
from tests.gate.parts import answers, evidence, gate, scores, verdict_on

RANDOM = np.random.default_rng(8)
TARGET = RANDOM.random(300) < 0.4


def model(skill: float, noise: np.ndarray) -> Predictions:
    found = scores(TARGET, 1 / (1 + np.exp(1 - skill * TARGET - noise)))
    return replace(found, columns={"score": found.require_score().astype(np.float64)})


OURS, THEIRS = (model(skill, RANDOM.normal(size=300)) for skill in (1.5, 1.2))
GROUPED = (replace(OURS, group=np.arange(300) // 6), replace(THEIRS, group=np.arange(300) // 6))
WEIGHTED = (replace(OURS, weight=np.full(300, 2.0)), replace(THEIRS, weight=np.full(300, 2.0)))


def called(text: str) -> Metric:
    call = parse_metric(text)
    metric = metric_of(call.name, call.arguments, call.of)
    assert metric
    return metric


@pytest.mark.parametrize(
    ("metric", "change", "alone"),
    [
        ("accuracy", "paired proportions, Tango score", "Clopper–Pearson"),
        ("recall", "paired proportions, Tango score", "Clopper–Pearson"),
        ("precision", "jackknife, skewness-corrected", "Clopper–Pearson"),
        ("mcc", "jackknife, skewness-corrected", "jackknife, skewness-corrected"),
        ("log_loss", "jackknife, skewness-corrected", "jackknife, skewness-corrected"),
        ("roc_auc", "DeLong, paired", "DeLong, logit"),
        ("pr_auc", "jackknife, skewness-corrected", "jackknife, skewness-corrected"),
        ("median(score)", "order statistics, paired", "order statistics, exact"),
        ("calibration_error", "bootstrap, 600 resamples, each alone", "bootstrap, 600 resamples"),
    ],
)
def test_each_metric_has_its_method_also_by_group(metric: str, change: str, alone: str) -> None:
    assert estimate_change(called(metric), OURS, THEIRS, 1.0, 0.95).method == change
    assert estimate_alone(called(metric), OURS, 0.95).method == alone
    grouped = estimate_change(called(metric), *GROUPED, 1.0, 0.95)
    assert grouped.method.endswith("by group, 50 groups")
    same = estimate_change(called(metric), GROUPED[0], GROUPED[0], 1.0, 0.95)
    assert (same.value, same.lower, same.upper) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("metric", ["mcc", "log_loss", "roc_auc", "pr_auc"])
def test_equal_weights_change_nothing(metric: str) -> None:
    plain = estimate_change(called(metric), OURS, THEIRS, 1.0, 0.95)
    weighted = estimate_change(called(metric), *WEIGHTED, 1.0, 0.95)
    assert weighted.value == pytest.approx(plain.value)
    assert (weighted.lower, weighted.upper) == pytest.approx((plain.lower, plain.upper), rel=0.03, abs=2e-3)


def test_a_win_rate_is_judged_as_paired_proportions() -> None:
    estimate = estimate_versus(called("win_rate(score)"), OURS, THEIRS, 0.95)
    assert estimate.method == "paired proportions, Tango score"
    assert estimate.lower < estimate.value < estimate.upper
    assert estimate_versus(called("win_rate(score)"), OURS, OURS, 0.95).value == 0.5


def test_a_class_of_few_rows_leaves_no_bounds() -> None:
    rare, luck = np.arange(300) % 60 == 0, np.random.default_rng(9).random((2, 300))
    ours, theirs = (scores(rare, np.clip(0.4 * rare + 0.5 * each, 0, 1)) for each in luck)
    for metric in ("log_loss", "roc_auc", "mcc"):
        estimate = estimate_change(called(metric), ours, theirs, 1.0, 0.95)
        assert math.isnan(estimate.lower)
        assert math.isnan(estimate.upper)


def test_finite_sample_bounds_exist_for_bounded_means_only() -> None:
    for kind in ("exact", "bernstein", "betting"):
        found = estimate_change(called("accuracy"), OURS, THEIRS, 1.0, 0.95, kind)
        assert found.lower < found.value < found.upper
        missing = estimate_change(called("roc_auc"), OURS, THEIRS, 1.0, 0.95, kind)
        assert math.isnan(missing.lower)
        assert missing.why_unknown == f"ROC AUC has no {kind} bounds: take interval: usual"


def test_other_groups_on_the_two_sides_cannot_be_compared() -> None:
    verdict = verdict_on(gate("log_loss < baseline"), evidence(GROUPED[0]), evidence(THEIRS))
    assert verdict.rules[0].outcome == "incomparable"
    assert verdict.rules[0].reason == "the rows have other groups than those of champion v12"


def test_what_is_undecided_counts_groups_where_there_are_groups() -> None:
    verdict = verdict_on(gate("log_loss <= baseline - 0.001"), *map(evidence, GROUPED))
    assert "50 groups cannot tell" in verdict.rules[0].reason


@pytest.mark.parametrize("heavy", [2, 5, 15, 25])
@pytest.mark.parametrize("by", ["weight", "group"])
def test_a_few_rows_that_weigh_nearly_all_prove_nothing_by_agreeing(heavy: int, by: str) -> None:
    rows = 1_000
    right = np.random.default_rng(heavy).random(rows) < 0.7
    here, there = np.append(right, [True] * heavy), np.append(right, [False] * heavy)
    many = np.append(np.ones(rows, dtype=int), [5_000] * heavy)
    if by == "weight":
        ours, theirs = (replace(answers(side), weight=many.astype(float)) for side in (here, there))
    else:
        group = np.repeat(np.arange(rows + heavy), many)
        ours, theirs = (replace(answers(side[group]), group=group) for side in (here, there))
    found = (
        estimate_alone(called("accuracy"), ours, 0.95),
        estimate_change(called("accuracy"), ours, theirs, 1.0, 0.95),
    )
    assert all(math.isnan(estimate.lower) == (heavy < 20) for estimate in found)
    assert ["by their weight" in estimate.why_unknown for estimate in found] == [heavy < 20] * 2


def test_a_class_that_only_the_candidate_knows_is_not_compared() -> None:
    truth = np.random.default_rng(9).integers(0, 2, 200)
    ours = Predictions("multiclass", truth, np.full(200, 2), None, ("a", "b", "c"))
    theirs = Predictions("multiclass", truth, truth, None, ("a", "b"))
    [rule] = verdict_on(gate("precision[c] >= baseline"), evidence(ours), evidence(theirs)).rules
    assert (rule.outcome, rule.reason) == ("incomparable", "champion v12 knows no class 'c'")


def test_labels_that_agree_do_not_make_two_models_one() -> None:
    target = np.arange(200) % 2 == 0
    score = np.where(target, 0.9, 0.1)
    ours = Predictions("binary", target, target.copy(), score, ("no", "yes"))
    theirs = replace(ours, score=np.where(target, 0.6, 0.4))
    for metric in ("mcc", "f1", "balanced_accuracy"):
        agreeing = estimate_change(called(metric), ours, theirs, 1.0, 0.95)
        assert agreeing.value == 0.0
        assert -0.05 < agreeing.lower < 0.0 <= agreeing.upper  # as of 200 rows, of which none was relabelled
        same = estimate_change(called(metric), ours, ours, 1.0, 0.95)
        assert (same.lower, same.upper) == (0.0, 0.0)


def test_a_class_that_is_never_answered_is_known_badly() -> None:
    target = np.arange(400) % 20 == 0
    never = Predictions("binary", target, np.zeros(400, dtype=bool), np.full(400, 0.05), ("no", "yes"))
    estimate = estimate_alone(called("balanced_accuracy"), never, 0.95)
    assert estimate.lower < estimate.value == 0.5 < 0.7 < estimate.upper
    few = never.take(np.arange(200))
    for metric in ("mcc", "balanced_accuracy"):
        estimate = estimate_alone(called(metric), few, 0.95)
        assert np.isnan([estimate.lower, estimate.upper]).all()


def test_a_recall_that_resampling_does_not_move_is_not_known() -> None:
    target = np.arange(100) % 2 == 0
    perfect = Predictions("binary", target, target.copy(), np.where(target, 0.9, 0.1), ("no", "yes"))
    estimate = estimate_alone(called("recall_at_precision(0.8)"), perfect, 0.95)
    assert estimate.value == 1.0
    assert np.isnan([estimate.lower, estimate.upper]).all()


@pytest.mark.parametrize("metric", ["accuracy", "recall", "precision"])
def test_a_few_heavy_rows_that_agree_tell_no_more_than_as_many_rows(metric: str) -> None:
    random, target = np.random.default_rng(3), np.ones(2000, dtype=bool)
    target[::2] = False
    weight = np.full(2000, 1e-3)
    weight[:30] = 1.0
    right = random.random(2000) < 0.5
    right[:30] = True
    heavy = Predictions("binary", target, target == right, None, ("no", "yes"), weight)
    worth = 30 if metric == "accuracy" else 15
    found = estimate_alone(called(metric), heavy, 0.95)
    # By the others' spread alone the bound would be 0.95 and more.
    assert found.value > 0.95 and (math.isnan(found.lower) or found.lower < 0.05 ** (1 / worth) + 0.02)
    worse = right.copy()
    worse[30:900] = False
    other = replace(heavy, prediction=target == worse)
    change = estimate_change(called("accuracy"), heavy, other, 1.0, 0.95)
    assert change.value > 0.0 and change.lower < -0.02
