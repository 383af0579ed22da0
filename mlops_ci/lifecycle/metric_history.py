"""How the metrics that the gate asks for went on, version by version."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from mlops_ci.gate.comparing.phrases import metric_label
from mlops_ci.project.project import GateChoice
from mlops_ci.records.entry import Alias, Register, Unalias
from mlops_ci.records.report import History, Point
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.state import ModelState

SHOWN = 20
MOST_METRICS = 4


@dataclass(slots=True)
class _Reign:
    """Who was champion when: the ``last``, ``ever`` all of them, and whom each version ``met`` when it came.

    ``metrics`` are those of all versions, as a champion may have been deleted since.
    """

    last: int | None = None
    ever: set[int] = field(default_factory=set)
    met: dict[int, int | None] = field(default_factory=dict)
    metrics: dict[int, Mapping[str, float | None]] = field(default_factory=dict)

    def value(self, number: int | None, metric: str) -> float | None:
        return None if number is None else _finite(self.metrics[number].get(metric))


def metric_histories(
    log: ModelLog, gate: GateChoice | None, metrics: dict[str, float | None], version: int | None
) -> tuple[History, ...]:
    """Metrics of the newest versions, and of the candidate as the last point unless it is one of them.

    Args:
        log: the model's log.
        gate: whose rules name the metrics, the most important one first.
        metrics: the candidate's.
        version: the candidate's, if it is registered.
    """
    if gate is None:
        return ()
    names = list(dict.fromkeys(rule.metric for rule in gate.flat()))[:MOST_METRICS]
    state, reign = log.read(), _reign(log, gate.baseline)
    return tuple(_history(state, reign, metric, metrics, version) for metric in names)


def _reign(log: ModelLog, alias: str) -> _Reign:
    """What the log says of an alias, which may have gone back to an older version in between."""
    found = _Reign()
    for entry in log.entries():
        match entry.body:
            case Register(version=version, metrics=metrics):
                found.met[version], found.metrics[version] = found.last, metrics
            case Alias(alias=name, version=version) if name == alias:
                found.last = version
                found.ever.add(version)
            case Unalias(alias=name) if name == alias:
                found.last = None
            case _:
                pass
    return found


def _history(
    state: ModelState, reign: _Reign, metric: str, metrics: dict[str, float | None], version: int | None
) -> History:
    numbers = sorted(state.versions)
    points: list[Point] = []
    before: float | None = None
    for number in reversed(numbers):
        value, champion = reign.value(number, metric), number in reign.ever
        if value is None:
            continue
        if len(points) < SHOWN:
            points.append(Point(f"v{number}", value, champion, reign.value(reign.met[number], metric)))
        elif champion:
            before = value
            break
    points.reverse()
    own = _finite(metrics.get(metric))
    if version is None and own is not None:
        points.append(Point("this", own, met=reign.value(reign.last, metric)))
    return History(metric, tuple(points), before, metric_label(metric))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
