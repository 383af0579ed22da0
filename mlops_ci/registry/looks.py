"""Counts how often an evaluation set was asked. One look more often is one more chance to be right by luck."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from mlops_ci.records.digest import digest_of_value
from mlops_ci.records.entry import Body, Looks, Revealed
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.state import Look, ModelState


def look_of(candidate: str, baselines: Mapping[str, str | None], evaluation_set: str, rule: str) -> str:
    """What identifies a comparison: the same one, however often made, is one look.

    Args:
        candidate: identifies the candidate and its predictions.
        baselines: the digest of each version that the rule compares with, by the name that it has there.
        evaluation_set: the set.
        rule: identifies the rule, and how predictions are read.
    """
    return digest_of_value([candidate, dict(baselines), evaluation_set, rule])


def numbers_of(looks: Sequence[Look], wanted: Collection[str]) -> dict[str, int]:
    """The number of the look, from 1, that each comparison was first part of; the next number if of none.

    A look that was asked for more than is wanted now does not count. Its rules had to pass together, and only
    together do they share its error: to drop afterwards those that failed is to choose by what was seen.
    """
    asked = set(wanted)
    found: dict[str, int] = {}
    for number, look in enumerate(looks, 1):
        if look.asked <= asked:
            found |= {one: number for one in look.asked if one not in found}
    return {one: found.get(one, len(looks) + 1) for one in sorted(asked)}


def spend_looks(
    log: ModelLog, evaluation_set: str, wanted: Collection[str], *, most: int | None = None
) -> dict[str, int]:
    """Record, before anything of it is computed, that comparisons are made; those that are new are one look.

    Args:
        log: the model's log.
        evaluation_set: the set that is asked.
        wanted: the comparisons that are made together and must all pass, see :func:`look_of`.
        most: how many looks there may be; a later one gets its number, and is not recorded.

    Returns:
        The number of the look of each, as :func:`numbers_of`.
    """
    numbers: dict[str, int] = {}

    def decide(state: ModelState) -> Body | None:
        looks = state.looks.get(evaluation_set, ())
        numbers.clear()
        numbers.update(numbers_of(looks, wanted))
        new = tuple(one for one, number in numbers.items() if number > len(looks))
        if not new or (most is not None and len(looks) >= most):
            return None
        return Looks(evaluation_set, new)

    log.append(decide)
    log.settle()
    return numbers


def reveal(log: ModelLog, told: Revealed) -> None:
    """Record what is about to be told of a look, unless that was told before."""

    def decide(state: ModelState) -> Body | None:
        before = state.revealed.get(told.evaluation_set, {}).get(told.look)
        # What was told to have passed stays told, and so does the larger choice of values.
        known = before is not None and before.passed >= told.passed and before.values >= told.values
        return None if known else told

    log.append(decide)
