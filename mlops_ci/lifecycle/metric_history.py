"""How the metrics that the gate asks for went on, version by version."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlops_ci.gate.comparing.phrases import metric_label
from mlops_ci.project.project import GateChoice
from mlops_ci.records.report import History, Point
from mlops_ci.registry.state import ModelState, Reign

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
    return tuple(_history(state, gate.baseline, metric, metrics, version) for metric in names)


def _history(
    state: ModelState, alias: str, metric: str, metrics: dict[str, float | None], version: int | None
) -> History:
    reigns = state.reigns.get(alias, [])
    ever = {reign.version for reign in reigns}
    points: list[Point] = []
    before: float | None = None
    for number in sorted(state.versions, reverse=True):
        value, champion = _value(state, number, metric), number in ever
        if value is None:
            continue
        if len(points) < SHOWN:
            met = _value(state, _champion_before(reigns, number), metric)
            points.append(Point(f"v{number}", value, champion, met))
        elif champion:
            before = value
            break
    points.reverse()
    own = _finite(metrics.get(metric))
    if version is None and own is not None:
        points.append(Point("this", own, met=_value(state, _champion_before(reigns, None), metric)))
    return History(metric, tuple(points), before, metric_label(metric))


def _champion_before(reigns: Sequence[Reign], version: int | None) -> int | None:
    """Who had the alias when a version came, or now; it may have gone back to an older version in between."""
    return next((one.version for one in reversed(reigns) if version is None or one.after < version), None)


def _value(state: ModelState, number: int | None, metric: str) -> float | None:
    found = None if number is None else state.versions.get(number)
    return _finite(found.metrics.get(metric)) if found else None  # a champion may have been deleted since


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
