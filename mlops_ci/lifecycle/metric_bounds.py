"""How sure the metrics of a version are, as far as its stored predictions can be read."""

from __future__ import annotations

import math
from collections.abc import Mapping

from mlops_ci.gate.estimating.estimates import estimate_alone
from mlops_ci.lifecycle.evidence import recorded_evidence
from mlops_ci.metrics import METRICS, Predictions, why_not
from mlops_ci.project.project import Project
from mlops_ci.project.rules import Interval
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.report.card_facts import CONFIDENCE, Bounds

_SAME = 1e-9  # relative; sums may have been made in another order


def metric_bounds(log: ModelLog, version: ModelVersion, project: Project | None) -> Mapping[str, Bounds]:
    """Bounds of each metric on record, or why none are known.

    Args:
        log: the model's log.
        version: the version.
        project: says which columns of the predictions mean what; None where it is not at hand.
    """
    predictions = _predictions(log, version, project)
    interval = project.gate.interval if project and project.gate else "usual"
    numbers = version.evaluations[-1].numbers if version.evaluations else {}
    return {
        name: Bounds(reason="a number without rows")
        if name in numbers or name not in METRICS
        else Bounds(reason=predictions)
        if isinstance(predictions, str)
        else _bounds(name, value, predictions, interval)
        for name, value in version.metrics.items()
    }


def _predictions(log: ModelLog, version: ModelVersion, project: Project | None) -> Predictions | str:
    """The predictions of the newest evaluation, or why they cannot be read."""
    newest = version.evaluations[-1] if version.evaluations else None
    if newest is None or newest.predictions is None:
        return "no predictions are on record"
    if project is None or project.evaluation is None:
        return "the project, which knows how to read the predictions, is not here"
    found = recorded_evidence(log.store, log.read(), version, log.model, project.evaluation, project.gate, newest.set)
    if found.evidence is None or found.evidence.predictions is None:
        return found.problem or "the project of today reads no predictions"
    return found.evidence.predictions


def _bounds(name: str, value: float | None, predictions: Predictions, interval: Interval) -> Bounds:
    metric = METRICS[name]
    impossible = why_not(metric, predictions)
    if value is None or impossible:
        return Bounds(reason=impossible or "it has no value")
    estimate = estimate_alone(metric, predictions, CONFIDENCE, interval)
    if not math.isclose(estimate.value, value, rel_tol=_SAME, abs_tol=_SAME):
        return Bounds(reason="the predictions on record are not those that it was computed from")
    lower, upper = (bound if math.isfinite(bound) else None for bound in (estimate.lower, estimate.upper))
    return Bounds(lower, upper, estimate.why_unknown or ("too few rows" if lower is None and upper is None else ""))
