"""The grammar of gate rules.

::

    rule   = metric op bound
    op     = ">" | ">=" | "<" | "<="
    metric = see metric_calls.py
    bound  = number | ref [ ("+" | "-" | "*") number ]
    ref    = "baseline" | "@" name
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from mlops_ci.project.metric_calls import CALL, NUMBER, MetricCall, parse_metric

_RULE = re.compile(
    rf"""^\s*(?P<metric>{CALL})
    \s*(?P<op>>=|<=|>|<)
    \s*(?:(?P<ref>baseline|@[A-Za-z0-9][A-Za-z0-9._-]*)(?:\s*(?P<sign>[-+*])\s*(?P<term>{NUMBER}))?
        |(?P<number>{NUMBER}|[-+]?\.?(?i:nan|inf)))\s*$""",
    re.VERBOSE,
)

Operator = Literal[">", ">=", "<", "<="]
Interval = Literal["usual", "exact", "bernstein", "betting"]
"""Which kind of bounds: the usual ones of the metric, or finite-sample ones, which hold for any number of rows."""


@dataclass(frozen=True, slots=True)
class Bound:
    """``factor * reference + offset``; without a reference just ``offset``."""

    reference: str | None
    factor: float
    offset: float


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``per`` names the column whose values are judged one by one; ``interval`` overrides the gate's."""

    text: str
    call: MetricCall
    operator: Operator
    bound: Bound
    per: str | None = None
    min_rows: int = 100
    interval: Interval | None = None

    @property
    def metric(self) -> str:
        """The metric as we write it, such as ``recall[late]``; or the name of a number in the metrics file."""
        return self.call.text

    @property
    def upwards(self) -> bool:
        """Whether the rule asks for values above its bound."""
        return self.operator.startswith(">")

    @property
    def strict(self) -> bool:
        """Whether a value equal to the bound fails."""
        return len(self.operator) == 1


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Alternatives: one that passes is enough."""

    rules: tuple[Rule, ...]


def parse_rule(text: str, *, per: str | None = None, min_rows: int = 100, interval: Interval | None = None) -> Rule:
    """Parse a rule.

    Raises:
        ValueError: the text is no rule; the message says what is wrong with it.
    """
    if "%" in text:
        raise ValueError(f"write the percentage in {text!r} as a fraction, such as 0.01")
    match = _RULE.match(text)
    if not match:
        raise ValueError(
            f"not a rule: {text!r}; write 'accuracy > baseline', 'accuracy >= baseline - 0.01' or 'accuracy >= 0.8'"
        )
    number = match["number"] or match["term"]
    value = float(re.sub(r"\.(?=[a-zA-Z])", "", number)) if number else 0.0
    if not math.isfinite(value):
        raise ValueError(f"the bound of {text!r} is not a finite number")
    operators: dict[str, Operator] = {">": ">", ">=": ">=", "<": "<", "<=": "<="}
    if match["sign"] == "*" and value <= 0:
        raise ValueError(f"the factor of {text!r} is not positive")
    return Rule(
        text=" ".join(text.split()),
        call=parse_metric(match["metric"]),
        operator=operators[match["op"]],
        bound=_bound(match["ref"], match["sign"], value),
        per=per,
        min_rows=min_rows,
        interval=interval,
    )


def _bound(reference: str | None, sign: str | None, value: float) -> Bound:
    if sign == "*":
        return Bound(reference, factor=value, offset=0.0)
    return Bound(reference, factor=1.0 if reference else 0.0, offset=-value if sign == "-" else value)
