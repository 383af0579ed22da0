"""How often the whole judge is wrong: simulated, with a fixed seed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mlops_ci.gate.evidence import Evidence
from tests.gate.parts import Bools, Floats, answers, any_of, evidence, gate, regression, scores, verdict_on

ROWS = 200


def promoted(pairs: list[tuple[Evidence, Evidence]], rule: str) -> float:
    return sum(verdict_on(gate(rule), *pair).outcome == "pass" for pair in pairs) / len(pairs)


def at_most(share: float, repetitions: int) -> float:
    """What a share may look like, three standard errors of the simulation above it."""
    return share + 3 * math.sqrt(share * (1 - share) / repetitions)


@pytest.mark.parametrize("accuracy", [0.6, 0.85, 0.97])
def test_an_equally_accurate_model_is_promoted_in_at_most_5_percent(accuracy: float) -> None:
    random, repetitions = np.random.default_rng(11), 400
    pairs = []
    for _ in range(repetitions):
        shared = random.random(ROWS) < accuracy
        # On a third of the rows the two err independently.
        apart = random.random((2, ROWS)) < accuracy
        mixed = random.random(ROWS) < 1 / 3
        ours, theirs = (evidence(answers(np.where(mixed, part, shared))) for part in apart)
        pairs.append((ours, theirs))
    assert promoted(pairs, "accuracy > baseline") <= at_most(0.05, repetitions)


def noisy_scores(random: np.random.Generator, target: Bools, noise: float) -> Floats:
    logits = 1.5 * (2.0 * target - 1.0) + random.normal(scale=noise, size=len(target))
    score: Floats = 1 / (1 + np.exp(-logits))
    return score


@pytest.mark.parametrize(("rule", "repetitions"), [("log_loss < baseline", 200), ("roc_auc > baseline", 400)])
def test_equally_good_scores_are_promoted_in_at_most_5_percent(rule: str, repetitions: int) -> None:
    random = np.random.default_rng(12)
    pairs = []
    for _ in range(repetitions):
        target = random.random(ROWS) < 0.4
        ours, theirs = (evidence(scores(target, noisy_scores(random, target, 2.0))) for _ in range(2))
        pairs.append((ours, theirs))
    assert promoted(pairs, rule) <= at_most(0.05, repetitions)


def test_an_equally_precise_regression_is_promoted_in_at_most_5_percent() -> None:
    random, repetitions = np.random.default_rng(13), 200
    pairs = []
    for _ in range(repetitions):
        target = random.normal(size=ROWS)
        ours, theirs = (evidence(regression(target, target + random.normal(size=ROWS))) for _ in range(2))
        pairs.append((ours, theirs))
    assert promoted(pairs, "rmse < baseline") <= at_most(0.05, repetitions)


def test_a_model_worse_by_exactly_the_margin_is_promoted_in_at_most_5_percent() -> None:
    random, repetitions = np.random.default_rng(14), 400
    pairs = []
    for _ in range(repetitions):
        theirs = random.random(ROWS) < 0.9
        lost = random.random(ROWS) < 0.05 / 0.9
        pairs.append((evidence(answers(theirs & ~lost)), evidence(answers(theirs))))
    assert promoted(pairs, "accuracy >= baseline - 0.05") <= at_most(0.05, repetitions)


def test_a_better_model_is_promoted_more_often_than_not() -> None:
    random, repetitions = np.random.default_rng(15), 200
    pairs = []
    for _ in range(repetitions):
        theirs = random.random(ROWS) < 0.8
        gained = random.random(ROWS) < 0.4
        pairs.append((evidence(answers(theirs | gained)), evidence(answers(theirs))))
    assert promoted(pairs, "accuracy > baseline") > 0.9


def test_of_two_alternatives_neither_of_which_holds_one_is_let_pass_in_at_most_5_percent() -> None:
    random, repetitions = np.random.default_rng(16), 300
    passed = 0
    for _ in range(repetitions):
        target = random.random(ROWS) < 0.5
        ours, theirs = (evidence(scores(target, noisy_scores(random, target, 2.0))) for _ in range(2))
        passed += verdict_on(gate(any_of("accuracy > baseline", "roc_auc > baseline")), ours, theirs).outcome == "pass"
    assert passed / repetitions <= at_most(0.05, repetitions)
