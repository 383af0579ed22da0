"""What looks are given sums to no more than there is, for any developer."""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from mlops_ci.statistics import Spending, adaptive_error, error_of_look

ALPHA = 0.05
SPENDINGS: list[Spending] = ["even", "early", "anytime"]


@pytest.mark.parametrize("looks", [1, 2, 7, 50, 1000])
@pytest.mark.parametrize("spending", ["even", "early"])
def test_the_looks_of_a_budget_spend_all_of_the_error(spending: Spending, looks: int) -> None:
    errors = [error_of_look(ALPHA, look, looks, spending) for look in range(1, looks + 1)]
    assert math.fsum(errors) == pytest.approx(ALPHA, rel=1e-12)
    assert all(before >= after > 0 for before, after in pairwise(errors))
    assert error_of_look(ALPHA, looks + 1, looks, spending) == 0


def test_looks_without_an_end_never_spend_it_all() -> None:
    errors = [error_of_look(ALPHA, look, None, "anytime") for look in range(1, 10_001)]
    assert ALPHA * 0.999 < math.fsum(errors) < ALPHA


def test_the_first_looks_get_more_if_that_is_asked_for() -> None:
    first, last = (error_of_look(ALPHA, look, 50, "early") for look in (1, 50))
    assert first > 10 * ALPHA / 50 > 100 * last / 10
    assert first / last == pytest.approx(50)


@pytest.mark.parametrize("spending", SPENDINGS)
@pytest.mark.parametrize("values", [1, 3])
def test_all_that_can_be_told_is_paid_for(spending: Spending, values: int) -> None:
    """Walk through every transcript: each look either does not pass, or passes with one of some values."""
    looks = 6
    end = None if spending == "anytime" else looks
    total = 0.0
    for before in range(looks):
        for transcript in product(range(values + 1), repeat=before):
            told = [values for symbol in transcript if symbol]
            total += adaptive_error(ALPHA, before + 1, end, spending, told)
    assert 0.1 * ALPHA < total <= ALPHA * (1 + 1e-12)


@given(st.lists(st.integers(1, 15), min_size=12, max_size=12), st.sampled_from(SPENDINGS), st.integers(1, 12))
def test_numbers_of_values_may_differ_from_look_to_look(values: list[int], spending: Spending, looks: int) -> None:
    # One term for all transcripts in which the same looks pass: there are as many as the product of their values.
    end = None if spending == "anytime" else looks
    total = 0.0
    for before in range(looks):
        for passed in product([False, True], repeat=before):
            told = [count for count, one in zip(values, passed, strict=False) if one]
            total += math.prod(told) * adaptive_error(ALPHA, before + 1, end, spending, told)
    assert total <= ALPHA * (1 + 1e-9)


@given(st.integers(1, 100_000), st.integers(1, 100_000), st.data())
def test_an_error_is_never_more_than_its_share_however_many_looks(looks: int, look: int, data: st.DataObject) -> None:
    told = [15] * data.draw(st.integers(0, min(look - 1, 200)))
    error = adaptive_error(ALPHA, look, looks, "even", told)
    assert 0 <= error <= ALPHA / looks
    assert (error == 0) == (look > looks) or told


def test_more_cannot_have_passed_than_were_made() -> None:
    with pytest.raises(ValueError, match="2 of 1 looks"):
        adaptive_error(ALPHA, 2, 10, "even", [1, 1])


def _false_promotions(runs: int, *, looks: int, rows: int, budget: bool, random: np.random.Generator) -> int:
    """How often coin-tossing models are promoted over a coin, by a developer who keeps what looked good.

    Blum and Hardt's attack: ask about random predictions, and let those that did better than chance vote. With the
    budget it is only told which looks have passed; without, every number is. Both ask whether the candidate is right
    in more than half of the rows, which it is not: the labels are tossed anew for each run.
    """
    fooled = 0
    for _ in range(runs):
        right = random.random((looks, rows)) < 0.5  # where each guess is right; all guesses are independent
        votes, told, promoted = np.zeros(rows), 0, False
        for look in range(1, looks + 1):
            attack = look % 10 == 0 and votes.any()
            answers = np.where(votes != 0, votes > 0, right[look - 1]) if attack else right[look - 1]
            wins = int(answers.sum())
            error = adaptive_error(ALPHA, look, looks, "even", [1] * told) if budget else ALPHA
            passed = _chance_of_as_many(wins, rows) <= error
            promoted |= passed
            told += passed
            liked = passed if budget else wins > rows / 2
            # A vote for, or against, what the guess says; a guess that is not told to be good tells nothing.
            votes += np.where(right[look - 1], 1, -1) * (1 if liked else 0 if budget else -1)
        fooled += promoted
    return fooled


def _chance_of_as_many(wins: int, rows: int) -> float:
    if (wins, rows) not in _CHANCES:
        _CHANCES[wins, rows] = math.fsum(math.comb(rows, k) for k in range(wins, rows + 1)) / 2**rows
    return _CHANCES[wins, rows]


_CHANCES: dict[tuple[int, int], float] = {}


def test_whoever_adapts_to_what_is_told_is_fooled_no_more_often_than_promised() -> None:
    random, runs = np.random.default_rng(2015), 400
    limit = ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / runs)
    assert _false_promotions(runs, looks=50, rows=200, budget=True, random=random) / runs <= limit
    assert _false_promotions(50, looks=50, rows=200, budget=False, random=random) / 50 > 0.9


@pytest.mark.parametrize(
    ("look", "values", "errors"),
    [(10, 15, [3.5, 4.8, 5.7, 6.3, 6.9, 7.4]), (50, 15, [3.5, 5.1, 6.2, 7.1]), (50, 1, [3.5, 4.6, 5.3, 5.9, 6.4, 6.8])],
)
def test_what_gains_cost_is_what_the_page_says(look: int, values: int, errors: list[float]) -> None:
    found = [adaptive_error(ALPHA, look, 50, "even", [values] * passed) for passed in range(len(errors))]
    assert [round(float(-ndtri(error)), 1) for error in found] == errors
