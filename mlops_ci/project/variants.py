"""Steps that are run once for each seed: those with ``seeds``, and what lies between them and the evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlops_ci.project.graph import dependencies, makes, upstream
from mlops_ci.project.project import Project, Step
from mlops_ci.records.run import variant_name


@dataclass(frozen=True, slots=True)
class Variant:
    """A step as it is run for one seed; ``seed`` is None for a step that is the same for all of them."""

    step: Step
    seed: int | None = None

    @property
    def name(self) -> str:
        """What it is called, such as ``train (seed 1)``."""
        return variant_name(self.step.name, self.seed)

    @property
    def told(self) -> int | None:
        """Its ``MLOPS_CI_SEED``; only a step with ``seeds`` has one."""
        return None if self.step.seeds is None else self.seed or 0


def varied_steps(steps: Sequence[Step], results: Iterable[str]) -> frozenset[str]:
    """The names of the steps that run once for each seed.

    Args:
        steps: all steps.
        results: the files in which the evaluation leaves its results.
    """
    results = tuple(results)
    makers = [step.name for step in steps if any(makes(step, path) for path in results)]
    before = dependencies(steps)
    found: set[str] = set()
    for step in upstream(steps, makers):
        if (step.seeds or 1) > 1 or found.intersection(before[step.name]):
            found.add(step.name)
    return frozenset(found)


def variants(project: Project, steps: Sequence[Step]) -> tuple[Variant, ...]:
    """Some steps of a project with all their seeds, in an order in which they can run: the model's own come first.

    Args:
        project: the project.
        steps: the steps that are wanted and all that they need, in the order in which they can run.
    """
    varied = varied_steps(project.steps, project.evaluation.results if project.evaluation else ())
    seeds = max((step.seeds or 1 for step in project.steps if step.name in varied), default=1)
    first = tuple(Variant(step, 0 if step.name in varied else None) for step in steps)
    further = (Variant(step, seed) for seed in range(1, seeds) for step in steps if step.name in varied)
    return (*first, *further)


def needed_before(chosen: Iterable[Variant]) -> dict[str, tuple[str, ...]]:
    """For each variant the variants whose outputs it reads, all by name: those of its own seed.

    What is the same for all seeds reads what the first one has made.
    """
    chosen = tuple(chosen)
    before = dependencies(variant.step for variant in chosen if not variant.seed)
    known = {(variant.step.name, variant.seed): variant.name for variant in chosen}
    return {
        variant.name: tuple(
            next(known[key] for key in ((name, variant.seed), (name, None), (name, 0)) if key in known)
            for name in before[variant.step.name]
        )
        for variant in chosen
    }
