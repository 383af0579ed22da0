"""Which test's power plans which rule, and from what."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlops_ci.gate.comparing.phrases import number
from mlops_ci.gate.estimating.estimates import estimate_alone, estimate_change
from mlops_ci.metrics import Metric, Predictions
from mlops_ci.project.rules import Rule
from mlops_ci.statistics.planning import (
    Power,
    power_of_area,
    power_of_mean,
    power_of_paired_proportions,
    power_of_proportion,
)

_INDEPENDENT = "the two models err independently, which is cautious: predictions of a second one would tell"


@dataclass(frozen=True, slots=True)
class Assumed:
    """What the user says of the numbers to come; None where predictions have to tell.

    ``value`` is the model's own value, ``gain`` by how much the candidate is better, ``disagreement`` the share of rows
    that just one of the two gets right, ``positives`` the share of positive rows, ``correlation`` that of the two areas
    under the ROC curve, ``deviation`` the standard deviation of one row's difference.
    """

    value: float | None = None
    gain: float | None = None
    disagreement: float | None = None
    positives: float | None = None
    correlation: float | None = None
    deviation: float | None = None


@dataclass(frozen=True, slots=True)
class Designed:
    """A test's power, the largest distance that can be asked of it, what that rests on and where it comes from."""

    power: Power
    largest: float
    assumes: tuple[str, ...]
    method: str
    source: str


def designed(
    rule: Rule,
    metric: Metric,
    before: float | None,
    room: float,
    baseline: Predictions | None,
    other: Predictions | None,
    assumed: Assumed,
    confidence: float,
) -> Designed | str:
    """The power of the test that will judge a rule, or what has to be said before it can be known.

    Args:
        rule: the rule.
        metric: its metric.
        before: the model's own value, if known.
        room: how far an unchanged model lies on the passing side of the bound.
        baseline: predictions of the model compared with.
        other: predictions of another model on the same rows.
        assumed: what the user says.
        confidence: of the test.
    """
    relative = rule.bound.reference is not None
    if assumed.deviation is None and metric.name == "accuracy" and not _weighted(baseline):
        if not relative:
            return _proportion(rule, before, confidence)
        if rule.bound.factor == 1.0:
            return _proportions(room, before, baseline, other, assumed, confidence)
    by_assumption = assumed.positives is not None or assumed.correlation is not None
    if assumed.deviation is None and metric.name == "roc_auc" and (baseline is None or by_assumption):
        return _area(relative, before, baseline, assumed, confidence)
    return _mean(rule, metric, baseline, other, assumed, confidence)


def _weighted(predictions: Predictions | None) -> bool:
    return predictions is not None and (predictions.weight is not None or predictions.group is not None)


def _proportion(rule: Rule, before: float | None, confidence: float) -> Designed | str:
    share = before if rule.upwards or before is None else 1.0 - before
    if share is None or not 0.0 < share <= 1.0:
        return "an accuracy lies between 0 and 1"
    return Designed(
        power_of_proportion(share, confidence), share, (), "exact binomial power of Clopper–Pearson's bound",
        "Clopper & Pearson 1934, Biometrika 26",
    )  # fmt: skip


def _proportions(
    room: float,
    before: float | None,
    baseline: Predictions | None,
    other: Predictions | None,
    assumed: Assumed,
    confidence: float,
) -> Designed | str:
    share, why = assumed.disagreement, ""
    if share is not None:
        why = f"one of the two alone is right in {number(round(share, 6))} of the rows"
    elif baseline is not None and other is not None and _answered(baseline, other):
        differ = _right(baseline) != _right(other)
        # As in the gate's own standard error, half a row is added to either side, so that it is never none.
        share = (int(differ.sum()) + 1) / (len(differ) + 2)
        why = f"one of the two alone is right in {share:.3g} of the rows"
    elif before is not None and math.isfinite(before):
        share, why = 2.0 * before * (1.0 - before), _INDEPENDENT
    if share is None:
        return "say with --disagreement in which share of the rows just one of the two models is right"
    gain = assumed.gain or 0.0
    if not 0.0 < share <= 1.0 or (room > 0.0 and abs(gain) > share):
        return "the disagreement must be above 0, at most 1, and no smaller than the gain"
    power = (
        power_of_paired_proportions(share, confidence, change=None, bound=-room)
        if room <= 0.0
        else power_of_paired_proportions(share, confidence, change=gain)
    )
    return Designed(
        power, 1.0 - max(0.0, -room), (why,), "exact power of the test of paired proportions",
        "Connor 1987, Biometrics 43:207-211; Tango 1998, Statistics in Medicine 17:891-908",
    )  # fmt: skip


def _right(predictions: Predictions) -> npt.NDArray[np.bool_]:
    right: npt.NDArray[np.bool_] = predictions.require_prediction() == predictions.target
    return right


def _answered(*models: Predictions) -> bool:
    return all(model.prediction is not None for model in models)


def _area(
    relative: bool, before: float | None, baseline: Predictions | None, assumed: Assumed, confidence: float
) -> Designed | str:
    positives = assumed.positives
    if positives is None and baseline is not None:
        positives = float(np.mean(baseline.target))
    if before is None or positives is None:
        return "say with --value what area to expect, and with --positives the share of positive rows"
    if not 0.5 <= before < 1.0 or not 0.0 < positives < 1.0:
        return "an area is at least 0.5 and below 1, and a share of positives between 0 and 1"
    correlation = (assumed.correlation or 0.0) if relative else None
    if correlation is not None and not -1.0 <= correlation < 1.0:
        return "a correlation is at least -1 and below 1"
    said = f"the two areas correlate by {number(correlation)}" if correlation is not None else ""
    if relative and assumed.correlation is None:
        said = _INDEPENDENT
    assumes = (f"an area of {number(round(before, 6))}, with {positives:.3g} of the rows positive",)
    return Designed(
        power_of_area(before, positives, confidence, correlation=correlation), 1.0, (*assumes, said)[: 1 + bool(said)],
        "normal power of the difference of two areas" if relative else "normal power of one area",
        "Hanley & McNeil 1982, Radiology 143:29-36, and 1983, Radiology 148:839-843",
    )  # fmt: skip


def _mean(
    rule: Rule,
    metric: Metric,
    baseline: Predictions | None,
    other: Predictions | None,
    assumed: Assumed,
    confidence: float,
) -> Designed | str:
    deviation, why = assumed.deviation, ""
    relative = rule.bound.reference is not None
    if deviation is not None:
        why = f"one row's difference has a standard deviation of {number(deviation)}"
    elif baseline is None or (metric.needs != "columns" and getattr(baseline, metric.needs) is None):
        spreads = "difference" if relative else "value"
        return f"say with --deviation how far one row's {spreads} spreads, or give predictions"
    elif not relative:
        deviation = estimate_alone(metric, baseline, confidence).standard_error * math.sqrt(len(baseline))
        why = f"the spread of the {len(baseline):,} rows there are"
    elif other is not None and (metric.needs == "columns" or getattr(other, metric.needs) is not None):
        change = estimate_change(metric, other, baseline, rule.bound.factor, confidence)
        deviation = change.standard_error * math.sqrt(len(baseline))
        why = f"the spread of the {len(baseline):,} paired rows there are"
    else:
        alone = estimate_alone(metric, baseline, confidence).standard_error * math.sqrt(len(baseline))
        deviation, why = alone * math.hypot(1.0, rule.bound.factor), _INDEPENDENT
    if not 0.0 < deviation < math.inf:
        return "the spread cannot be told from these rows: say it with --deviation"
    return Designed(
        power_of_mean(deviation, confidence), 1e4 * deviation, (why,),
        "power of the t test of a mean, by the noncentral t distribution",
        "Chow, Shao & Wang, Sample Size Calculations in Clinical Research, section 3.1",
    )  # fmt: skip
