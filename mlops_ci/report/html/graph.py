"""Where the steps of a pipeline go: each below those whose outputs it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlops_ci.records.run import StepRun
from mlops_ci.report.html.plot import shortened
from mlops_ci.report.wording import duration, visible

MOST_STEPS = 60
_WIDTH, _HEIGHT, _GAP, _DROP = 176, 46, 16, 34
_LONGEST = 22
_MARKS = {"ran": "▶", "reused": "↺", "failed": "✗", "interrupted": "✗", "not run": "–"}


@dataclass(frozen=True, slots=True)
class Node:
    """A step, all of its seeds together."""

    x: float
    y: float
    name: str
    told: str
    status: str
    tip: str


@dataclass(frozen=True, slots=True)
class DrawnGraph:
    """A pipeline, ready to be written."""

    nodes: tuple[Node, ...]
    arrows: tuple[str, ...]
    width: float
    height: float
    node_width: int = _WIDTH
    node_height: int = _HEIGHT


def drawn_graph(steps: Sequence[StepRun], needs: Mapping[str, Sequence[str]]) -> DrawnGraph | None:
    """The drawing of a pipeline; None where there is nothing to see, or too much."""
    names = list(dict.fromkeys(step.name for step in steps))
    if not 2 <= len(names) <= MOST_STEPS:
        return None
    before = _direct({name: [other for other in needs.get(name, ()) if other in names] for name in names})
    layers: list[list[str]] = []
    depth: dict[str, int] = {}
    for name in _in_order(names, before):
        depth[name] = max((depth.get(other, -1) + 1 for other in before[name]), default=0)
        while len(layers) <= depth[name]:
            layers.append([])
        layers[depth[name]].append(name)
    lanes = max(map(len, layers))
    width = lanes * (_WIDTH + _GAP) - _GAP + 4
    places = {
        name: ((width - len(layer) * (_WIDTH + _GAP) + _GAP) / 2 + lane * (_WIDTH + _GAP), 2 + row * (_HEIGHT + _DROP))
        for row, layer in enumerate(layers)
        for lane, name in enumerate(layer)
    }
    nodes = tuple(_node(name, [step for step in steps if step.name == name], places[name]) for name in names)
    arrows = tuple(_arrow(places[other], places[name]) for name in names for other in before[name])
    return DrawnGraph(nodes, arrows, width, len(layers) * (_HEIGHT + _DROP) - _DROP + 4)


def _in_order(names: Sequence[str], before: Mapping[str, Sequence[str]]) -> list[str]:
    """The names, each after those before it; what waits for itself comes last."""
    done: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        ready = [name for name in waiting if all(other in done for other in before[name])]
        done |= dict.fromkeys(ready or waiting)
        waiting = [name for name in waiting if name not in done]
    return list(done)


def _direct(before: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Without what is needed by way of another step, too: fewer arrows say the same."""
    reach: dict[str, set[str]] = {}
    for name in _in_order(list(before), before):
        reach[name] = {*before[name], *(far for other in before[name] for far in reach.get(other, ()))}
    return {
        name: [one for one in others if not any(one in reach.get(other, ()) for other in others if other != one)]
        for name, others in before.items()
    }


def _node(name: str, runs: Sequence[StepRun], place: tuple[float, float]) -> Node:
    status = next((run.status for run in runs if run.status not in {"ran", "reused"}), None)
    status = status or ("reused" if all(run.status == "reused" for run in runs) else "ran")
    spent = sum(run.seconds for run in runs)
    times = f" × {len(runs)} seeds" if len(runs) > 1 else ""
    told = f"{_MARKS[status]} {status}{times}" + ("" if status == "not run" else f", {duration(spent)}")
    reasons = "; ".join(dict.fromkeys(reason for run in runs for reason in run.reasons)) or "known from before"
    tip = f"{name}: {reasons}" if status in {"ran", "failed"} else f"{name}: {told}"
    return Node(*place, shortened(name, _LONGEST), told, status.replace(" ", "-"), visible(tip))


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    x, y = start[0] + _WIDTH / 2, start[1] + _HEIGHT
    to, low = end[0] + _WIDTH / 2, end[1] - 6
    middle = (y + low) / 2
    return f"M{x:g} {y:g}C{x:g} {middle:g} {to:g} {middle:g} {to:g} {low:g}"
