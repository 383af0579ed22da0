"""Counts how often an evaluation set was asked. One look more often is one more chance to be right by luck."""

from __future__ import annotations

from collections.abc import Iterable

from mlops_ci.records.digest import digest_of_value
from mlops_ci.records.entry import Body, Looks
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.state import ModelState


def look_of(candidate: str, baseline: str | None, evaluation_set: str, rule: str) -> str:
    """What identifies a look: the same comparison, however often made, is one."""
    return digest_of_value([candidate, baseline, evaluation_set, rule])


def spend_looks(log: ModelLog, evaluation_set: str, looks: Iterable[str]) -> int:
    """Record looks before their results are revealed, and return how many the evaluation set has seen in all."""
    wanted = set(looks)

    def decide(state: ModelState) -> Body | None:
        new = wanted - state.looks.get(evaluation_set, set())
        return Looks(evaluation_set, tuple(sorted(new))) if new else None

    return len(log.append(decide).looks.get(evaluation_set, set()))
