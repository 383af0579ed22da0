"""Explains a verdict: the numbers behind each rule, the level it was held to, and what would settle it. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mlops_ci.gate.comparing.compare_rows import interval_of
from mlops_ci.gate.comparing.phrases import number
from mlops_ci.gate.custom import CustomResult, alone, change, row_metric, unlike
from mlops_ci.gate.estimating.estimates import estimate_alone, estimate_change, estimate_versus
from mlops_ci.gate.estimating.methods import explained_method
from mlops_ci.gate.evidence import Evidence, Reference
from mlops_ci.gate.streamed import StreamedResult
from mlops_ci.metrics import metric_of
from mlops_ci.project.rules import AnyOf, Interval, Rule
from mlops_ci.records.explanation import ExplainedRule
from mlops_ci.records.verdict import RuleResult, Verdict
from mlops_ci.statistics import Estimate

_SIGNS = {">": ">", ">=": "≥", "<": "<", "<=": "≤"}
_DECIDED = frozenset({"pass", "fail", "inconclusive"})


def explain_rules(
    verdict: Verdict,
    rules: Sequence[Rule | AnyOf],
    candidate: Evidence,
    references: Mapping[str, Reference | None],
    interval: Interval = "usual",
) -> tuple[ExplainedRule, ...]:
    """Explain every result of a verdict.

    Args:
        verdict: the verdict.
        rules: the rules that it was reached by; a result of another rule is told without its standard error.
        candidate: what was judged; its predictions need not be there any more.
        references: what it was compared with, by the name that the rules use.
        interval: the kind of bounds, where a rule names none.
    """
    flat = {
        rule.text: replace(rule, interval=rule.interval or interval)
        for item in rules
        for rule in (item.rules if isinstance(item, AnyOf) else (item,))
    }
    alternatives = {index: len(item.rules) if isinstance(item, AnyOf) else 1 for index, item in enumerate(rules)}
    tests = sum(result.decides and result.interval is not None for result in verdict.rules)
    explained = []
    for result in verdict.rules:
        rule = flat.get(result.rule)
        confidence, level = _level(verdict, result, alternatives, tests)
        estimate = _estimate(rule, result, candidate, references, confidence) if rule else None
        explained.append(_explained(result, rule, estimate, confidence, level))
    return tuple(explained)


def _level(verdict: Verdict, result: RuleResult, alternatives: Mapping[int, int], tests: int) -> tuple[float, str]:
    spent = verdict.spent
    confidence = 1.0 - spent.error if spent else verdict.confidence
    words = [f"{_percent(confidence)} %, one-sided"]
    if spent:
        of = f" of {spent.looks:,}" if spent.looks else ""
        words.append(f"look {spent.look:,}{of} at this set, with {spent.error:.3g} of the error {spent.total:.3g}")
    many = alternatives.get(result.any, 1) if result.any is not None else 1
    if many > 1:
        confidence = 1.0 - (1.0 - confidence) / many
        words.append(f"{_percent(confidence)} % as one of {many} alternatives (Bonferroni)")
    if result.outcome == "fail" and result.interval is not None and tests > 1:
        words.append(f"the failure holds among {tests:,} claims (Holm)")
    return confidence, "; ".join(words)


def _estimate(
    rule: Rule, result: RuleResult, candidate: Evidence, references: Mapping[str, Reference | None], confidence: float
) -> Estimate | None:
    """The estimate that decided; None where there was none, or the rows are not there to reach it again."""
    custom, ours = candidate.custom.get(rule.metric), candidate.predictions
    if result.outcome not in _DECIDED or result.interval is None or result.seeds is not None:
        return None
    if custom is not None and custom.values is None:
        return _given(rule, custom, references, confidence)
    metric = row_metric(rule.metric) if custom else metric_of(rule.call.name, rule.call.arguments, rule.call.of)
    if metric is None or ours is None:
        return None
    rows, kind = None, interval_of(rule)
    if result.slice:
        values = candidate.slices.get(result.slice[0])
        if values is None:
            return None
        rows = values == result.slice[1]
    if rule.bound.reference is None:
        return estimate_alone(metric, ours if rows is None else ours.take(rows), confidence, kind)
    reference = references.get(rule.bound.reference)
    evidence = reference.evidence if reference else None
    theirs = evidence.predictions if evidence else None
    if evidence is None or theirs is None or evidence.evaluation_set != candidate.evaluation_set:
        return None
    if rows is not None:
        ours, theirs = ours.take(rows), theirs.take(rows)
    if metric.versus:
        return estimate_versus(metric, ours, theirs, confidence, kind)
    return estimate_change(metric, ours, theirs, rule.bound.factor, confidence, kind)


def _given(
    rule: Rule, ours: CustomResult | StreamedResult, references: Mapping[str, Reference | None], confidence: float
) -> Estimate | None:
    """The estimate of a number that was computed elsewhere, as far as it is still known."""
    if ours.problem or interval_of(rule) != "usual":
        return None
    if rule.bound.reference is None:
        return alone(ours, confidence)
    reference = references.get(rule.bound.reference)
    theirs = reference.evidence.custom.get(rule.metric) if reference and reference.evidence else None
    if reference is None or theirs is None or unlike(rule.metric, ours, theirs, reference.side.name or ""):
        return None
    return change(ours, theirs, rule.bound.factor, confidence)


def _explained(
    result: RuleResult, rule: Rule | None, estimate: Estimate | None, confidence: float, level: str
) -> ExplainedRule:
    method = estimate.method if estimate else result.method
    sentence, source = (explained_method(method) if method else None) or (None, None)
    lower, upper = result.interval or (None, None)
    value = result.candidate if result.change is None else result.change
    quantity = None
    if estimate:
        value, lower, upper = map(_finite, (estimate.value, estimate.lower, estimate.upper))
    if rule and result.interval is not None:
        quantity = _quantity(rule)
    return ExplainedRule(
        rule=result.rule,
        label=result.label,
        outcome=result.outcome,
        decides=result.decides,
        slice=result.slice,
        rows=result.rows,
        candidate=result.candidate,
        baseline=result.baseline,
        change=result.change,
        quantity=quantity,
        estimate=value,
        lower=lower,
        upper=upper,
        standard_error=_finite(estimate.standard_error) if estimate else None,
        bound=rule.bound.offset if rule else 0.0,
        asks=f"{_SIGNS[rule.operator]} {number(rule.bound.offset)}" if rule else "",
        confidence=confidence,
        level=level,
        method=method,
        sentence=sentence,
        source=source,
        settles=_settles(result),
        rows_needed=result.rows_needed,
    )


def _quantity(rule: Rule) -> str:
    if rule.bound.reference is None:
        return "candidate"
    factor = "" if rule.bound.factor == 1.0 else f"{number(rule.bound.factor)} × "
    return f"candidate − {factor}{rule.bound.reference}"


def _settles(result: RuleResult) -> str:
    if result.outcome == "inconclusive" and result.rows_needed and result.rows:
        more = result.rows_needed - result.rows
        if more > 0:
            return f"{result.reason}: {more:,} more than there are"
        return f"{result.reason}; but the change that was seen is close to the bound"
    if result.interval is None and result.outcome in {"pass", "fail"} and result.candidate is not None:
        return f"the number as it is: {result.reason}"
    return result.reason


def _percent(confidence: float) -> str:
    return f"{confidence * 100:.6g}"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
