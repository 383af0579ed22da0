"""Which columns of the predictions rules ask for."""

from __future__ import annotations

from collections.abc import Iterable

from mlops_ci.project.rules import Rule

_AVERAGES = frozenset({"macro", "micro", "weighted"})


def slice_columns(rules: Iterable[Rule]) -> tuple[str, ...]:
    """The columns by whose values rules judge, one by one."""
    return tuple(dict.fromkeys(rule.per for rule in rules if rule.per))


def named_columns(rules: Iterable[Rule]) -> tuple[str, ...]:
    """The columns that metrics are computed from: ``latency`` in ``quantile(latency, 0.9)``."""
    names = (item for rule in rules for item in rule.call.arguments if isinstance(item, str))
    return tuple(dict.fromkeys(name for name in names if name not in _AVERAGES))
