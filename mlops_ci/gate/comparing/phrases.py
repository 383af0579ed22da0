"""Rules in people's words."""

from __future__ import annotations

from decimal import Decimal

from mlops_ci.metrics import metric_of
from mlops_ci.project.metric_calls import parse_metric
from mlops_ci.project.rules import Rule

_SIGNS = {">": ">", ">=": "≥", "<": "<", "<=": "≤"}


def metric_label(name: str) -> str | None:
    """Such as ``ROC AUC`` for ``roc_auc``; None where it is no metric that we know."""
    try:
        call = parse_metric(name)
        metric = metric_of(call.name, call.arguments, call.of)
    except ValueError:
        return None
    return metric.label if metric else None


def rule_label(rule: Rule) -> str:
    """Such as ``ROC AUC, at most 0.005 worse`` or ``accuracy ≥ 0.8``; without the slice."""
    metric = metric_of(rule.call.name, rule.call.arguments, rule.call.of)
    name = metric.label if metric else rule.metric
    bound = rule.bound
    if bound.reference is None:
        return f"{name} {_SIGNS[rule.operator]} {number(bound.offset)}"
    than = "" if bound.reference == "baseline" else f" than {bound.reference}"
    if metric and rule.upwards == metric.higher_is_better:
        # Positive slack allows a loss, negative slack asks for a gain.
        if bound.factor != 1.0:
            slack = (1.0 - bound.factor) if rule.upwards else (bound.factor - 1.0)
            size = f"{number(round(abs(slack) * 100, 6))} %"
        else:
            slack = -bound.offset if rule.upwards else bound.offset
            size = number(abs(slack))
        if slack > 0:
            return f"{name}, {'less than' if rule.strict else 'at most'} {size} worse{than}"
        if slack < 0:
            return f"{name}, {'more than' if rule.strict else 'at least'} {size} better{than}"
        return f"{name}, {'better' if rule.strict else 'not worse'}{than}"
    return f"{name} {_SIGNS[rule.operator]} {_expression(rule)}"


def _expression(rule: Rule) -> str:
    bound = rule.bound
    if bound.factor != 1.0:
        return f"{bound.reference} × {number(bound.factor)}"
    if not bound.offset:
        return f"{bound.reference}"
    return f"{bound.reference} {'−' if bound.offset < 0 else '+'} {number(abs(bound.offset))}"


def number(value: float) -> str:
    """A number as its author would write it: no exponent, no trailing zeros."""
    return f"{Decimal(repr(value + 0.0)).normalize():f}".replace("-", "−")
