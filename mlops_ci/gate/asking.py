"""Which rules ask the evaluation set, and what they come to once it is worn out."""

from __future__ import annotations

import math
from typing import Literal

from mlops_ci.gate.comparing.phrases import rule_label
from mlops_ci.gate.evidence import Evidence
from mlops_ci.project.metric_names import BUILT_IN
from mlops_ci.project.rules import AnyOf, Rule
from mlops_ci.records.verdict import RuleResult, Spent

LEAST_ERROR = 1e-14
"""A level closer to 1 is no longer a level in double precision."""


def asks_the_set(rule: Rule, candidate: Evidence) -> bool:
    """Whether a rule is answered from the candidate's predictions; if not, from a number that the user has measured."""
    measured = rule.call.name not in BUILT_IN and rule.metric not in candidate.custom
    return candidate.predictions is not None and not (measured and rule.metric in candidate.numbers)


def item_asks(item: Rule | AnyOf, candidate: Evidence) -> bool:
    """The same of a rule or of alternatives: one that asks is enough."""
    return any(asks_the_set(rule, candidate) for rule in (item.rules if isinstance(item, AnyOf) else (item,)))


def is_worn_out(spent: Spent) -> bool:
    """Whether nothing can be learnt from the set any more."""
    return spent.worn_out or spent.error < LEAST_ERROR


def level_of(error: float) -> float:
    """The confidence that leaves an error, or a little less: close to 1 not every number can be written."""
    level = 1.0 - error
    return level if 1.0 - level <= error else math.nextafter(level, 1.0)


def worn_out_result(rule: Rule, spent: Spent) -> RuleResult:
    """What a rule comes to that would ask a set that is worn out."""
    if spent.worn_out:
        what = f"all {spent.looks} looks are" if spent.looks != 1 else "the one look is"
        why = f"{what} spent; bring new rows, or raise the budget"
    else:
        why = "too little of the error is left for another look; bring new rows"
    better: Literal["higher", "lower"] = "higher" if rule.upwards else "lower"
    return RuleResult(
        rule=rule.text,
        metric=rule.metric,
        label=rule_label(rule),
        outcome="inconclusive",
        reason=f"the evaluation set is worn out: {why}",
        better_is=better,
        waivable=False,
    )
