"""Which columns of the predictions rules ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlops_ci.project.metric_names import SIGNATURES
from mlops_ci.project.rules import Rule


def slice_columns(rules: Iterable[Rule]) -> tuple[str, ...]:
    """The columns by whose values rules judge, one by one."""
    return tuple(dict.fromkeys(rule.per for rule in rules if rule.per))


def named_columns(rules: Iterable[Rule]) -> tuple[str, ...]:
    """The columns that metrics are computed from: ``latency`` in ``quantile(latency, 0.9)``."""
    return tuple(dict.fromkeys(name for rule in rules for name in _columns(rule)))


def _columns(rule: Rule) -> Iterator[str]:
    signature = SIGNATURES.get(rule.call.name)
    for argument, given in zip(signature.arguments if signature else (), rule.call.arguments, strict=False):
        if argument.kind == "column" and isinstance(given, str):
            yield given
