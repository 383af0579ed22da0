"""How the metrics that the gate asks for went on, version by version."""

from __future__ import annotations

import math

from mlops_ci.gate.comparing.phrases import metric_label
from mlops_ci.project.project import GateChoice
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.report import History, Point
from mlops_ci.registry.state import ModelState

SHOWN = 20
MOST_METRICS = 4


def metric_histories(
    state: ModelState, gate: GateChoice | None, metrics: dict[str, float | None], version: int | None
) -> tuple[History, ...]:
    """Metrics of the newest versions, and of the candidate as the last point unless it is one of them.

    Args:
        state: the registry's state.
        gate: whose rules name the metrics, the most important one first.
        metrics: the candidate's.
        version: the candidate's, if it is registered.
    """
    if gate is None:
        return ()
    names = list(dict.fromkeys(rule.metric for rule in gate.flat()))[:MOST_METRICS]
    return tuple(_history(state, gate, metric, metrics, version) for metric in names)


def _history(
    state: ModelState, gate: GateChoice, metric: str, metrics: dict[str, float | None], version: int | None
) -> History:
    target = state.aliases.get(gate.baseline)
    numbers = sorted(state.versions)
    points: list[Point] = []
    before: float | None = None
    for number in reversed(numbers):
        found = state.versions[number]
        value = _finite(found.metrics.get(metric))
        champion = _was_champion(state, found) or (target is not None and target.version == number)
        if value is None:
            continue
        if len(points) < SHOWN:
            points.append(Point(f"v{number}", value, champion))
        elif champion:
            before = value
            break
    points.reverse()
    own = _finite(metrics.get(metric))
    if version is None and own is not None:
        points.append(Point("this", own))
    return History(metric, tuple(points), before, metric_label(metric))


def _was_champion(state: ModelState, version: ModelVersion) -> bool:
    """Whether one of its verdicts has moved an alias."""
    return any(judgement.seq in state.spent for judgement in version.judgements)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
