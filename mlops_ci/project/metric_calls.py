"""How a rule names a metric.

::

    metric   = name [ "(" argument { "," argument } ")" ] [ "[" class "]" ]
    argument = number | name

``f_beta(2)``, ``recall[late]``, ``precision(macro)``, ``quantile(latency, 0.95)``, ``ndcg(10)``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal

NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
CALL = r"[A-Za-z_][A-Za-z0-9_.-]*(?:\s*\([^()]*\))?(?:\s*\[[^\[\]]*\])?"
"""A pattern for the text of a call; :func:`parse_metric` says what is wrong inside it."""

_CALL = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)(?:\s*\((?P<arguments>[^()]*)\))?(?:\s*\[(?P<of>[^\[\]]*)\])?")
_NUMBER = re.compile(NUMBER)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class MetricCall:
    """A metric with its arguments; ``of`` is the class that it is asked for."""

    name: str
    arguments: tuple[float | str, ...] = ()
    of: str | None = None

    @property
    def text(self) -> str:
        """The call as we write it: the same for all spellings of the same call."""
        inside = ", ".join(item if isinstance(item, str) else _plain(item) for item in self.arguments)
        return f"{self.name}{f'({inside})' if inside else ''}{f'[{self.of}]' if self.of is not None else ''}"


def parse_metric(text: str) -> MetricCall:
    """Parse the left side of a rule.

    Raises:
        ValueError: it is none; the message says what is wrong with it.
    """
    match = _CALL.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a metric: {text!r}; write accuracy, f_beta(2) or recall[late]")
    of = match["of"]
    if of is not None and not of.strip():
        raise ValueError(f"{text!r} names no class between its brackets")
    arguments: list[float | str] = []
    for item in (match["arguments"] or "").split(",") if match["arguments"] is not None else ():
        word = item.strip()
        if _NUMBER.fullmatch(word):
            arguments.append(_finite(word, text))
        elif _NAME.fullmatch(word):
            arguments.append(word)
        else:
            raise ValueError(f"{word!r} in {text!r} is neither a number nor a name")
    return MetricCall(match["name"], tuple(arguments), of.strip() if of is not None else None)


def _finite(word: str, text: str) -> float:
    value = float(word)
    if not math.isfinite(value):
        raise ValueError(f"{word} in {text!r} is not a finite number")
    return value


def _plain(value: float) -> str:
    return f"{Decimal(repr(value + 0.0)).normalize():f}"
