"""An excellent model, and one that differs from another in hardly any row, can be told from poor ones."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from mlops_ci.gate.estimating.estimates import estimate_alone, estimate_change
from mlops_ci.metrics import Metric, Predictions, metric_of, value
from tests.gate.parts import answers, evidence, gate, scores, verdict_on

LABELS = ["f1", "mcc", "balanced_accuracy"]


def metric(name: str) -> Metric:
    found = metric_of(name, (), None)
    assert found
    return found


@pytest.mark.parametrize("name", LABELS)
def test_a_perfect_model_passes_where_it_may_be_far_from_perfect(name: str) -> None:
    perfect = evidence(answers(np.ones(2000, dtype=bool)))
    verdict = verdict_on(gate(f"{name} >= 0.9", f"{name} >= 0.9999"), perfect)
    assert [rule.outcome for rule in verdict.rules] == ["pass", "inconclusive"]
    assert verdict.rules[0].method == "exact binomial of the wrong rows, at their worst"
    assert verdict.rules[1].rows_needed is not None or verdict.rules[1].reason


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("differing", [0, 3])
def test_two_models_with_nearly_the_same_labels_can_be_compared(name: str, differing: int) -> None:
    random = np.random.default_rng(8)
    target = random.random(4000) < 0.4
    score = np.clip(0.5 + 0.3 * (target - 0.5) + 0.2 * random.normal(size=4000), 0.01, 0.99)
    other = np.where(score >= 0.5, 0.5 + (score - 0.5) * 0.9, score * 0.9)
    other[:differing] = 1 - score[:differing]
    verdict = verdict_on(
        gate(f"{name} >= baseline - 0.05"), *(evidence(scores(target, each)) for each in (other, score))
    )
    assert verdict.outcome == "pass"


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("wrong", [0.001, 0.004, 0.01])
def test_the_bound_of_a_good_model_misses_no_more_often_than_it_says(name: str, wrong: float) -> None:
    """Where hardly any row is wrong: 500 rows, a quarter of them positive."""
    random, rows, share, draws = np.random.default_rng(9), 500, 0.25, 400
    cells = np.array([(1 - share) * (1 - wrong), (1 - share) * wrong, share * wrong, share * (1 - wrong)])
    target, prediction = np.array([False, False, True, True]), np.array([False, True, False, True])
    everybody = Predictions("binary", target, prediction, None, ("no", "yes"), weight=cells)
    truth, missed, known = value(metric(name), everybody), 0, 0
    for _ in range(draws):
        drawn = random.choice(4, rows, p=cells)
        sample = Predictions("binary", target[drawn], prediction[drawn], None, ("no", "yes"))
        estimate = estimate_alone(metric(name), sample, 0.95)
        missed += estimate.lower > truth
        known += math.isfinite(estimate.lower)
    assert missed <= binom.ppf(0.999, draws, 0.05)
    assert known > draws / 3


@pytest.mark.parametrize("name", LABELS)
def test_the_bound_of_two_that_hardly_differ_misses_no_more_often_than_it_says(name: str) -> None:
    """The candidate is wrong in one more row of 250; of 300 rows many samples show none of them."""
    random, rows, worse, draws = np.random.default_rng(10), 300, 0.004, 400

    def pair(count: int) -> tuple[Predictions, Predictions]:
        target = random.random(count) < 0.4
        theirs = np.where(random.random(count) < 0.2, ~target, target)
        ours = np.where(random.random(count) < worse, ~target, theirs)
        return tuple(Predictions("binary", target, each, None, ("no", "yes")) for each in (ours, theirs))  # type: ignore[return-value]

    ours, theirs = pair(2_000_000)
    truth = value(metric(name), ours) - value(metric(name), theirs)
    missed = sum(estimate_change(metric(name), *pair(rows), 1.0, 0.95).lower > truth for _ in range(draws))
    assert missed <= binom.ppf(0.999, draws, 0.05)


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("rows", [200, 2000, 20_000])
def test_rounding_is_not_taken_for_the_spread_of_weighted_rows(name: str, rows: int) -> None:
    """Nobody knows then: the bound of a perfect model would be 0.99999999."""
    perfect = answers(np.ones(rows, dtype=bool))
    random = np.random.default_rng(11)
    for weight in (np.ones(rows), random.random(rows) + 0.1, random.lognormal(0.0, 2.0, rows)):
        assert math.isnan(estimate_alone(metric(name), replace(perfect, weight=weight), 0.95).lower)
