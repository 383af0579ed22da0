"""What is planned holds in simulation, and the exact powers are those of the gate's own tests."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_ci.gate.estimating.estimates import estimate_change
from mlops_ci.metrics import METRICS, Predictions
from mlops_ci.statistics import clopper_pearson, delong_paired, paired_proportions
from mlops_ci.statistics.confidence import error_rate, normal_quantile
from mlops_ci.statistics.paired_power import fewest_in_favour, paired_power
from mlops_ci.statistics.planning import (
    Power,
    detectable,
    power_of_area,
    power_of_mean,
    power_of_paired_proportions,
    power_of_proportion,
    rows_for,
)

POWER = 0.8


def planned(power: Power, distance: float) -> int:
    rows = rows_for(power, distance, POWER)
    assert rows is not None
    return rows


def about_80(passed: list[bool]) -> None:
    """The share of passes is the power, but for three standard errors of the simulation."""
    assert abs(np.mean(passed) - POWER) < 3 * math.sqrt(POWER * (1 - POWER) / len(passed))


@given(
    n=st.integers(1, 80),
    bound=st.floats(-0.3, 0.1),
    confidence=st.sampled_from([0.9, 0.95, 0.999]),
    data=st.data(),
)
def test_the_rows_in_favour_that_pass_are_those_that_pass_the_gate(
    n: int, bound: float, confidence: float, data: st.DataObject
) -> None:
    disagreements = data.draw(st.integers(0, n))
    assert planned_to_pass(disagreements, n, bound, confidence) == passing(disagreements, n, bound, confidence)


def planned_to_pass(disagreements: int, n: int, bound: float, confidence: float) -> list[bool]:
    alpha = error_rate(confidence)
    [fewest] = fewest_in_favour(np.array([disagreements]), n, bound, normal_quantile(confidence), alpha)
    return [bool(gains >= fewest) for gains in range(disagreements + 1)]


def passing(disagreements: int, n: int, bound: float, confidence: float) -> list[bool]:
    return [
        paired_proportions(gains, disagreements - gains, n, confidence).lower > bound
        for gains in range(disagreements + 1)
    ]


@pytest.mark.parametrize("n", range(1, 9))
def test_they_are_so_for_very_few_rows(n: int) -> None:
    for bound in (-0.5, -0.25, -0.0625, -0.03, 0.0, 0.05):
        for disagreements in range(n + 1):
            asked = (disagreements, n, bound, 0.999)
            assert planned_to_pass(*asked) == passing(*asked), asked


@pytest.mark.parametrize(("margin", "gain", "disagreement"), [(0.02, 0.0, 0.06), (0.0, 0.05, 0.2), (0.01, 0.01, 0.05)])
def test_paired_proportions_have_the_power_that_was_planned(margin: float, gain: float, disagreement: float) -> None:
    power = power_of_paired_proportions(disagreement, 0.95, change=gain if margin else None)
    n = planned(power, margin + gain)
    random = np.random.default_rng(8)
    chances = [(disagreement + gain) / 2, (disagreement - gain) / 2, 1 - disagreement]

    @cache
    def passes(gains: int, losses: int) -> bool:
        return paired_proportions(gains, losses, n, 0.95).lower > -margin

    about_80([passes(int(gains), int(losses)) for gains, losses, _ in random.multinomial(n, chances, size=1500)])


def test_few_rows_take_more_than_the_normal_formula_says() -> None:
    n = planned(power_of_paired_proportions(0.3, 0.95, change=None), 0.25)
    quantiles = normal_quantile(0.95) + normal_quantile(POWER)
    assert n > quantiles**2 * (0.3 - 0.25**2) / 0.25**2
    assert paired_power(n - 1, 0.3, 0.25, 0.0, 0.95) < POWER <= paired_power(n, 0.3, 0.25, 0.0, 0.95)


def test_many_rows_are_those_of_the_normal_formula() -> None:
    quantiles = normal_quantile(0.95) + normal_quantile(POWER)
    n = planned(power_of_paired_proportions(0.1, 0.95, change=0.0), 0.002)
    assert n == pytest.approx(quantiles**2 * 0.1 / 0.002**2, rel=0.005)


def test_a_mean_has_the_power_that_was_planned() -> None:
    n = planned(power_of_mean(2.0, 0.95), 0.75)
    random, passed = np.random.default_rng(3), []
    baseline = Predictions("regression", np.zeros(n), np.full(n, 100.0), None, ())
    for _ in range(250):  # the absolute error falls by what is taken away
        less = replace(baseline, prediction=100.0 - random.normal(0.75, 2.0, n))
        passed.append(estimate_change(METRICS["mae"], less, baseline, 1.0, 0.95).upper < 0)
    about_80(passed)


def test_areas_have_the_power_that_was_planned() -> None:
    area, positives = 0.8, 0.3
    n = planned(power_of_area(area, positives, 0.95, correlation=0.0), 0.05)
    target = np.arange(n) < round(n * positives)
    random, apart = np.random.default_rng(5), math.sqrt(2) * normal_quantile(area)
    passed = []
    for _ in range(300):
        ours, theirs = (random.normal(apart * target, 1.0) for _ in range(2))
        passed.append(delong_paired(target, ours, theirs, 1.0, 0.95).lower > -0.05)
    about_80(passed)


def test_a_floor_has_the_power_that_was_planned() -> None:
    n = planned(power_of_proportion(0.85, 0.95), 0.05)
    successes = np.random.default_rng(1).binomial(n, 0.85, size=2000)
    passes = cache(lambda count: clopper_pearson(count, n, 0.95).lower > 0.8)
    power = power_of_proportion(0.85, 0.95)(n, 0.05)
    assert POWER <= power < POWER + 0.02
    assert abs(np.mean([passes(int(count)) for count in successes]) - power) < 0.03


@pytest.mark.parametrize(
    "power",
    [
        power_of_mean(1.0, 0.95),
        power_of_paired_proportions(0.2, 0.95, change=0.0),
        power_of_area(0.8, 0.1, 0.95, correlation=0.5),
    ],
)
def test_what_rows_show_and_what_rows_it_takes_are_one_another_s_inverse(power: Power) -> None:
    smallest = detectable(power, 400, POWER, 1.0)
    assert smallest is not None
    assert power(400, smallest) == pytest.approx(POWER, abs=2e-3)
    assert planned(power, smallest * 1.001) <= 401
    assert detectable(power, 4_000, POWER, 1.0) == pytest.approx(smallest / math.sqrt(10), rel=0.1)


def test_nothing_shows_nothing() -> None:
    power = power_of_mean(1.0, 0.95)
    assert rows_for(power, 0.0, POWER) is rows_for(power, -1.0, POWER) is rows_for(power, math.nan, POWER) is None
    assert rows_for(power, 1e-9, POWER) is None
    assert detectable(power, 1, POWER, 10.0) is None
    assert detectable(power_of_area(0.8, 0.01, 0.95), 100, POWER, 1.0) is None  # one positive row


def test_looks_share_the_error_and_take_more_rows() -> None:
    once, often = (planned(power_of_mean(1.0, 1 - 0.05 / looks), 0.1) for looks in (1, 20))
    assert often > 2 * once * 0.9


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: power_of_mean(0.0, 0.95),
        lambda: power_of_mean(1.0, 1.0),
        lambda: power_of_proportion(0.0, 0.95),
        lambda: power_of_area(0.4, 0.1, 0.95),
        lambda: power_of_area(0.8, 0.0, 0.95),
        lambda: power_of_area(0.8, 0.1, 0.95, correlation=1.0),
        lambda: paired_power(10, 0.1, 0.2, 0.0, 0.95),
    ],
)
def test_what_cannot_be_is_refused(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(ValueError, match=r"."):
        wrong()
