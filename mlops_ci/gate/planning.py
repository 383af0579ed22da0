"""How many rows a rule takes, and what a number of rows can show. Pure: assumptions in, plan out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from mlops_ci.gate.comparing.phrases import number, rule_label
from mlops_ci.gate.planning_power import Assumed, Designed, designed
from mlops_ci.metrics import Metric, Predictions, metric_of, value
from mlops_ci.project.rules import AnyOf, Rule
from mlops_ci.records.gate_plan import PlanPoint, RulePlan, Shows
from mlops_ci.statistics.planning import detectable, rows_for

_STEPS = (1, 2, 5)
_AROUND = 8  # points of a curve, apart from those that matter
_SLACK = 1e-12


@dataclass(frozen=True, eq=False, slots=True)
class Known:
    """Predictions that tell how far the numbers spread: of the model to be compared with, and of another one.

    ``slices`` are the columns of rules per slice, (rows,) each.
    """

    baseline: Predictions | None = None
    other: Predictions | None = None
    slices: Mapping[str, npt.NDArray[np.str_]] = field(default_factory=dict)


def plan_rules(
    items: Sequence[Rule | AnyOf], known: Known, assumed: Assumed, *, confidence: float, power: float, rows: int | None
) -> tuple[RulePlan, ...]:
    """Plan each rule; alternatives at the stricter level at which they are judged, slices one by one.

    Args:
        items: the rules.
        known: predictions, where there are some.
        assumed: what the user says instead, which goes first.
        confidence: of one look.
        power: the chance with which a model as good as assumed is to pass.
        rows: the rows there are; None for those of the predictions.
    """
    plans: list[RulePlan] = []
    for item in items:
        alternatives = item.rules if isinstance(item, AnyOf) else (item,)
        level = 1.0 - (1.0 - confidence) / len(alternatives)
        for rule in alternatives:
            if rule.per in known.slices:
                plans += _sliced(rule, known, assumed, level, power)
            else:
                plans.append(plan_rule(rule, known, assumed, confidence=level, power=power, rows=rows))
    return tuple(plans)


def most_cautious(plans: Sequence[tuple[RulePlan, ...]]) -> tuple[RulePlan, ...]:
    """Of several plans for the same rules, for each rule the one in which the rows show least."""
    return tuple(max(same, key=_shows_least) for same in zip(*plans, strict=True))


def _shows_least(plan: RulePlan) -> tuple[bool, float]:
    return plan.detectable is None, plan.detectable or 0.0


def plan_rule(
    rule: Rule, known: Known, assumed: Assumed, *, confidence: float, power: float, rows: int | None = None
) -> RulePlan:
    """Plan one rule."""
    there = rows if rows is not None else len(known.baseline) if known.baseline is not None else None
    plan = RulePlan(rule=rule.text, label=rule_label(rule), confidence=confidence, rows=there)
    metric = metric_of(rule.call.name, rule.call.arguments, rule.call.of)
    if metric is None:
        return replace(plan, problem="a number without known uncertainty: no number of rows changes what it shows")
    if known.baseline is not None and known.baseline.task not in metric.tasks:
        return replace(plan, problem=f"{metric.label} is not defined for a {known.baseline.task} task")
    if metric.versus:
        return replace(plan, problem="it compares the rows of two models, which is not planned")
    before = assumed.value
    if before is None and known.baseline is not None and _has(metric, known.baseline):
        before = value(metric, known.baseline)
    impossible = _out_of_reach(rule, metric, before)
    if impossible:
        return replace(plan, problem=impossible)
    room = _room(rule, before)
    if room is None:
        return replace(plan, problem=f"say with --value what {metric.label} to expect")
    if rule.bound.reference is None and room <= 0.0:
        return replace(plan, problem=f"{number(round(before or 0.0, 6))} does not meet it: no number of rows helps")
    design = designed(rule, metric, before, room, known.baseline, known.other, assumed, confidence)
    if isinstance(design, str):
        return replace(plan, problem=design)
    return _planned(plan, rule, metric, before, room, design, assumed, power)


def _planned(
    plan: RulePlan,
    rule: Rule,
    metric: Metric,
    before: float | None,
    room: float,
    design: Designed,
    assumed: Assumed,
    power: float,
) -> RulePlan:
    shows: Shows = "distance" if rule.bound.reference is None else "gain" if room <= 0.0 else "margin"
    # What a rule of superiority asks for has to be gained before anything lies on its passing side.
    ahead = -room if shows == "gain" else 0.0
    gain = assumed.gain or 0.0
    distance = room + gain

    def shown(n: int) -> float | None:
        found = detectable(design.power, n, power, design.largest)
        return None if found is None else found + ahead

    needed = rows_for(design.power, distance, power)
    problem = None
    if shows == "gain" and assumed.gain is None:
        problem = "say with --gain what improvement is to be seen"
    elif distance <= 0.0:
        problem = f"a gain of {number(gain)} is not more than the rule asks for"
    return replace(
        plan,
        shows=shows,
        distance=distance if distance > 0.0 else None,
        needed=needed,
        detectable=shown(plan.rows) if plan.rows else None,
        assumes=(*_assumption(rule, metric, before, assumed, shows), *design.assumes),
        method=design.method,
        source=design.source,
        curve=tuple(PlanPoint(n, shown(n)) for n in _grid(plan.rows, needed)),
        problem=problem,
    )


def _sliced(rule: Rule, known: Known, assumed: Assumed, confidence: float, power: float) -> list[RulePlan]:
    column = rule.per or ""
    values = known.slices[column]
    plans = []
    for one in np.unique(values):
        rows = values == one
        part = replace(
            known,
            baseline=None if known.baseline is None else known.baseline.take(rows),
            other=None if known.other is None else known.other.take(rows),
        )
        plan = plan_rule(rule, part, assumed, confidence=confidence, power=power, rows=int(rows.sum()))
        plans.append(replace(plan, slice=(column, str(one)), decides=int(rows.sum()) >= rule.min_rows))
    return plans


def _room(rule: Rule, before: float | None) -> float | None:
    """How far an unchanged model lies on the passing side of the bound; None if its value has to be known for that."""
    sign, bound = 1.0 if rule.upwards else -1.0, rule.bound
    if bound.reference is None:
        return None if before is None or math.isnan(before) else (before - bound.offset) * sign
    if bound.factor == 1.0:
        return -bound.offset * sign
    return None if before is None or not before > 0.0 else (before * (1.0 - bound.factor) - bound.offset) * sign


def _out_of_reach(rule: Rule, metric: Metric, before: float | None) -> str | None:
    """Why no model meets a rule, whatever the rows: it asks for more than the metric can be."""
    low, high = _limits(metric)
    best, easiest = (high, low) if rule.upwards else (low, high)
    beside, asked = "", rule.bound.offset
    if rule.bound.reference is not None:
        known = before is not None and math.isfinite(before)
        reference = before if known and before is not None else easiest
        asked += reference * rule.bound.factor
        beside = f"{'beside' if known else 'even beside'} a baseline of {_rounded(reference)} "
    too_far = asked > best if rule.upwards else asked < best
    if not math.isfinite(asked) or not (too_far or (rule.strict and asked == best)):
        return None
    most, than = ("above", "more than") if rule.upwards else ("below", "less than")
    return f"no {metric.label} is {most} {_rounded(best)}, and {beside}the rule asks for " + (
        f"{than} {_rounded(asked)}" if rule.strict else _rounded(asked)
    )


def _limits(metric: Metric) -> tuple[float, float]:
    """Where the values of a metric lie, as far as its kind says."""
    if metric.higher_is_better is None:
        return -math.inf, math.inf
    if metric.higher_is_better:
        return {"mcc": -1.0, "r2": -math.inf}.get(metric.name, 0.0), 1.0
    return 0.0, math.inf


def _rounded(value: float) -> str:
    return number(round(value, 6))


def _assumption(rule: Rule, metric: Metric, before: float | None, assumed: Assumed, shows: Shows) -> list[str]:
    found = []
    if before is not None and (rule.bound.reference is None or rule.bound.factor != 1.0):
        found.append(f"{metric.label} is {number(round(before, 6))}")
    if rule.bound.reference is not None and shows == "margin" and not assumed.gain:
        found.append("the candidate is as good as the baseline")
    if assumed.gain:
        found.append(f"the candidate is {number(assumed.gain)} better")
    return found


def _grid(rows: int | None, needed: int | None) -> list[int]:
    """Rows to show the curve at: 1, 2, 5, 10, ... around those there are and those that are needed."""
    matter = [n for n in (rows, needed) if n]
    low, high = min(matter, default=1_000) / 4, max(matter, default=10_000) * 2.5
    steps = [step * 10**exponent for exponent in range(1, 10) for step in _STEPS]
    around = [n for n in steps if low <= n <= high]
    while len(around) > _AROUND:
        around = around[::2] if len(around) > 2 * _AROUND else around[1:] if len(around) % 2 else around[:-1]
    return sorted({*around, *matter})


def _has(metric: Metric, predictions: Predictions) -> bool:
    return metric.needs == "columns" or getattr(predictions, metric.needs) is not None
