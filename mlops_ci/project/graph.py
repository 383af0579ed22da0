"""Who needs whom. Edges follow from paths: a step that reads what another writes comes after it."""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

from mlops_ci.project.paths import contains
from mlops_ci.project.project import Step


def makes(step: Step, path: str) -> bool:
    """Whether a step writes the path, something below it, or a folder around it."""
    return any(contains(output.path, path) or contains(path, output.path) for output in step.outputs)


def dependencies(steps: Iterable[Step]) -> dict[str, tuple[str, ...]]:
    """For each step, in the order in which they were written, the steps whose outputs it reads."""
    steps = tuple(steps)
    return {
        step.name: tuple(
            other.name for other in steps if other is not step and any(makes(other, path) for path in step.inputs or ())
        )
        for step in steps
    }


def ordered(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps in an order in which they can run.

    Raises:
        ValueError: they wait for one another; the message names the circle.
    """
    steps = tuple(steps)
    by_name = {step.name: step for step in steps}
    try:
        return tuple(by_name[name] for name in TopologicalSorter(dependencies(steps)).static_order())
    except CycleError as error:
        raise ValueError(f"steps wait for one another: {' → '.join(error.args[1])}") from error


def upstream(steps: Iterable[Step], names: Iterable[str]) -> tuple[Step, ...]:
    """The named steps and all that they need, in the order in which they can run."""
    steps = tuple(steps)
    before = dependencies(steps)
    needed: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting.extend(before[name])
    return tuple(step for step in ordered(steps) if step.name in needed)
