"""How many rows a promise needs, beside ease.ml/ci; and what a hundred looks at one set do, with and without a budget.

    python benchmarks/gate_conditions.py

writes its tables into docs/gate-budget.md. The peer's rows are those of its published formulas: Renggli et al.,
"Continuous integration of machine learning models with ease.ml/ci" (MLSys 2019), sections 3 and 4. Ours are computed
with the code that judges. A condition such as ``n > 0.8 +/- 0.05`` asks that what is below 0.8 passes with no more than
the given error over all steps, and that what is measured above 0.85 does pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
from scipy.stats import binom

from mlops_ci.gate.asking import level_of
from mlops_ci.statistics import Spending, adaptive_error, clopper_pearson, error_of_look, paired_proportions

PAGE = Path(__file__).parents[1] / "docs" / "gate-budget.md"
STEPS, ERROR = 32, 0.0001
ALPHA, LOOKS, ROWS, RUNS, SEED = 0.05, 100, 1000, 5000, 20150706
Adaptivity = str


def theirs(adaptivity: Adaptivity, variables: int) -> float:
    """The logarithm of one over the error that each step and variable is left with, of section 3."""
    steps = STEPS * math.log(2) if adaptivity == "full" else math.log(STEPS)
    return steps + math.log(variables / ERROR)


def hoeffding(adaptivity: Adaptivity, tolerance: float, variables: int) -> int:
    """Section 3: each variable within its share of the tolerance, by Hoeffding's inequality."""
    return math.ceil(theirs(adaptivity, variables) / (2 * (tolerance / variables) ** 2))


def bennett(adaptivity: Adaptivity, tolerance: float, disagreement: float) -> int:
    """Section 4.1: the difference by Bennett's inequality, as its variance is at most the disagreement."""
    ratio = tolerance / disagreement
    gain = (1 + ratio) * math.log1p(ratio) - ratio
    return math.ceil(theirs(adaptivity, 4) / (disagreement * gain))


def ours(adaptivity: Adaptivity) -> float:
    """The least error that any of the looks is left with; a test that is told as passed or not, as theirs is."""
    if adaptivity == "none":
        return error_of_look(ERROR, STEPS, STEPS, "even")
    # "First change" takes new rows after the first pass, so that no look comes after one that passed.
    most = STEPS if adaptivity == "full" else 1
    return min(adaptive_error(ERROR, STEPS, STEPS, "even", [1] * passed) for passed in range(most))


def fewest(clears: Callable[[int], bool]) -> int:
    """The fewest rows that are enough, and from which on all are, as far as the next hundred numbers show."""
    high = 64
    while not clears(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if clears(middle) else (middle, high)
    while not all(clears(high + more) for more in range(100)):
        high += 1
    return high


def accuracy_rows(error: float, bound: float, tolerance: float) -> int:
    """The rows with which an accuracy of as much above its bound as is tolerated passes."""

    def clears(rows: int) -> bool:
        right = math.ceil(round(rows * (bound + tolerance), 6))
        return clopper_pearson(right, rows, level_of(error)).lower > bound

    return fewest(clears)


def gain_rows(error: float, bound: float, tolerance: float, disagreement: float) -> int:
    """The rows with which a gain of as much above its bound passes, of models that disagree so often."""

    def clears(rows: int) -> bool:
        net, differing = math.ceil(round(rows * (bound + tolerance), 6)), math.ceil(round(rows * disagreement, 6))
        only_ours = min(differing, (differing + net + 1) // 2)
        return paired_proportions(only_ours, differing - only_ours, rows, level_of(error)).lower > bound

    return fewest(clears)


def false_passes(error: float, bound: float, disagreement: float, rows: int) -> float:
    """The exact chance that a candidate which is better by no more than the bound passes, of a single look."""
    low, high = (int(binom.ppf(q, rows, disagreement)) for q in (1e-10, 1 - 1e-10))
    differing = np.arange(low, high + 1)
    needed = []
    for count in map(int, differing):
        low, high = 0, count + 1
        while low < high:
            middle = (low + high) // 2
            passes = paired_proportions(middle, count - middle, rows, level_of(error)).lower > bound
            low, high = (low, middle) if passes else (middle + 1, high)
        needed.append(low)
    chance = binom.sf(np.array(needed) - 1, differing, (1 + bound / disagreement) / 2)
    return float((binom.pmf(differing, rows, disagreement) * chance).sum())


def conditions() -> Iterator[str]:
    """The table of conditions."""
    yield "| condition | adaptivity | ease.ml/ci | ours | share | error of a look | of it used, exactly |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for adaptivity in ("none", "full", "first change"):
        error = ours(adaptivity)
        rows = accuracy_rows(error, 0.8, 0.05)
        used = float(binom.sf(math.ceil(round(rows * 0.85, 6)) - 1, rows, 0.8)) / error
        yield row("`n > 0.8 +/- 0.05`", adaptivity, hoeffding(adaptivity, 0.05, 1), rows, error, used)
    # Nothing is assumed of how often the two disagree: at worst they always do.
    for text, disagreement in (("`n - o > 0.02 +/- 0.01`", 1.0), ("`d < 0.1 +/- 0.01 /\\ n - o > 0.02 +/- 0.01`", 0.1)):
        for adaptivity in ("none", "full", "first change"):
            error = ours(adaptivity)
            rows = gain_rows(error, 0.02, 0.01, disagreement)
            peer = bennett(adaptivity, 0.01, 0.1) if disagreement < 1 else hoeffding(adaptivity, 0.01, 2)
            used = false_passes(error, 0.02, disagreement, rows) / error
            yield row(text, adaptivity, peer, rows, error, used)


def row(text: str, adaptivity: Adaptivity, peer: int, rows: int, error: float, used: float) -> str:
    """A line of it; more rows than the peer needs would be a defeat."""
    assert rows <= peer, f"{text}, {adaptivity}: {rows} rows where {peer} would do"
    return f"| {text} | {adaptivity} | {peer:,} | {rows:,} | {rows / peer:.2f} | {error:.1e} | {used:.0%} |"


@cache
def better(only_ours: int, only_theirs: int, error: float) -> bool:
    """Whether a candidate passes ``accuracy > baseline``."""
    return paired_proportions(only_ours, only_theirs, ROWS, level_of(error)).lower > 0


@cache
def above_half(right: int, error: float) -> bool:
    """Whether a candidate passes ``accuracy > 0.5``."""
    return clopper_pearson(right, ROWS, level_of(error)).lower > 0.5


def lucky(spending: Spending | None, random: np.random.Generator) -> float:
    """How often one of a hundred candidates is promoted that are all exactly as good as the champion."""
    errors = [error_of_look(ALPHA, look, LOOKS, spending) if spending else ALPHA for look in range(1, LOOKS + 1)]
    fooled = 0
    for _ in range(RUNS):
        differing = random.binomial(ROWS, 0.1, LOOKS)
        gains = random.binomial(differing, 0.5)
        looks = zip(gains, differing - gains, errors, strict=True)
        fooled += any(better(int(ours), int(theirs), error) for ours, theirs, error in looks)
    return fooled / RUNS


def attacked(told: str, random: np.random.Generator, runs: int) -> float:
    """How often coins pass for better than a coin, for a developer who lets those vote that looked good.

    The attack of Blum and Hardt (2015), section 4: every tenth look is at the majority of what was asked before, each
    vote turned around if its coin did worse than chance. Where only gains are told, those vote that were told to pass.
    """
    fooled = 0
    for _ in range(runs):
        right = random.random((LOOKS, ROWS)) < 0.5
        votes, passes, promoted = np.zeros(ROWS), 0, False
        for look in range(1, LOOKS + 1):
            answers = np.where(votes == 0, right[look - 1], votes > 0) if look % 10 == 0 else right[look - 1]
            wins = int(answers.sum())
            error = adaptive_error(ALPHA, look, LOOKS, "even", [1] * passes) if told == "gains" else ALPHA
            passed = above_half(wins, error)
            promoted, passes = promoted or passed, passes + passed
            weight = int(passed) if told == "gains" else 1 if wins > ROWS / 2 else -1
            votes += weight * np.where(right[look - 1], 1, -1)
        fooled += promoted
    return fooled / runs


def hundred_looks() -> Iterator[str]:
    """The table of simulations."""
    yield f"| {LOOKS} looks at one set of {ROWS:,} rows, {1 - ALPHA:.0%} | a false promotion in |"
    yield "|---|---:|"
    random = np.random.default_rng(SEED)
    kinds: list[tuple[str, Spending | None]] = [
        ("no budget", None), ("`spend: even`", "even"), ("`spend: early`", "early"), ("`spend: anytime`", "anytime"),
    ]  # fmt: skip
    for text, spending in kinds:
        yield f"| candidates as good as the champion, {text} | {lucky(spending, random):.1%} |"
    yield f"| an attack on all numbers, no budget | {attacked('all', random, RUNS // 5):.1%} |"
    yield f"| the same on a budget with `reveal: gains` | {attacked('gains', random, RUNS // 5):.1%} |"
    yield ""
    yield f"({RUNS:,} runs a line, {RUNS // 5:,} of the attack; seed {SEED}.)"


def main() -> None:
    """Write both tables."""
    text = PAGE.read_text("utf-8")
    for name, lines in (("conditions", conditions()), ("looks", hundred_looks())):
        table = "\n".join(lines)
        print(table, end="\n\n")
        begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(end)
        text = f"{head}{begin}{table}{end}{tail}"
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
