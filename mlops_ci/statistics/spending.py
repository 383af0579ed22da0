"""Shares one error out over many looks at the same evaluation set.

The chance that any of them passes by luck is at most the sum of what they were given (union bound), however the
comparisons depend on one another. ``docs/gate-budget.md`` derives what is given to a developer who adapts to answers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

Spending = Literal["even", "early", "anytime"]


def error_of_look(total: float, look: int, looks: int | None, spending: Spending) -> float:
    """The error of a look that was chosen without regard to earlier answers.

    Args:
        total: the error of all looks together.
        look: its number, from 1.
        looks: how many there may be; None without an end.
        spending: how the error is shared out.

    Returns:
        Its share of ``total``; 0 after the last look.
    """
    return total * _share(look, looks, spending)


def adaptive_error(total: float, look: int, looks: int | None, spending: Spending, told: Sequence[int]) -> float:
    """The error of a look that may have been chosen by the answers to all earlier ones.

    All that earlier looks have told is whether they passed, and for one that did, one of so many values. Any way in
    which that can come out gets a share of its own, so that the shares of all of them sum to at most ``total``.

    Args:
        total: the error of all looks together.
        look: its number, from 1.
        looks: how many there may be; None without an end.
        spending: how the error is shared out.
        told: for each look that was told to have passed, the number of values of which one was told.

    Raises:
        ValueError: more looks have passed than there were.
    """
    passed, before = len(told), look - 1
    if passed > before:
        raise ValueError(f"{passed} of {before} looks cannot have passed")
    if looks is not None and look > looks:
        return 0.0
    # Half for developers who see few looks pass, as most do, and half for all alike. In logarithms, base 2.
    ways = (math.lgamma(before + 1) - math.lgamma(passed + 1) - math.lgamma(before - passed + 1)) / math.log(2)
    share = math.log2(_share(look, looks, spending))
    few = share - (passed + 1) - ways
    alike = share - before if looks is None else -float(looks)
    values = sum(math.log2(count) for count in told)
    return total * (math.exp2(few - 1 - values) + math.exp2(alike - 1 - values))


def _share(look: int, looks: int | None, spending: Spending) -> float:
    if looks is None or spending == "anytime":
        return 1.0 / (look * (look + 1))  # sums to 1, as 1/k - 1/(k+1)
    if look > looks:
        return 0.0
    if spending == "even":
        return 1.0 / looks
    # In proportion to 1/k: the last look still has a share, where a geometric sequence would starve it.
    return 1.0 / (look * math.fsum(1.0 / number for number in range(1, looks + 1)))
