"""What would run, and why; installs and runs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.fingerprint import step_fingerprint
from mlops_ci.pipeline.jobs import planned_jobs
from mlops_ci.pipeline.resolve import Resolver
from mlops_ci.pipeline.run import find_result
from mlops_ci.pipeline.why import reasons
from mlops_ci.project.project import Step
from mlops_ci.project.variants import Variant, needed_before, variants
from mlops_ci.records.plan import Plan, PlannedStep


def make_plan(steps: Sequence[Step], resolver: Resolver, cache: StepCache, *, force: bool = False) -> Plan:
    """Plan steps, given in the order in which they can run.

    Raises:
        UsageError: something that a step declares does not exist.
    """
    chosen = variants(resolver.project, steps)
    before = needed_before(chosen)
    planner = _Planner(resolver, cache, force)
    for variant in chosen:
        planner.plan(variant, before[variant.name])
    seeds = {variant.step.name: variant.seed for variant in chosen}
    planned = []
    for step in steps:
        of_step = [planner.planned[variant.name] for variant in chosen if variant.step.name == step.name]
        planned.append(of_step[0] if seeds[step.name] is None else _together(of_step))
    return Plan(tuple(planned), planned_jobs(steps, {step.name for step in planned if step.action != "reuse"}))


@dataclass(frozen=True, slots=True)
class _Planner:
    """What is planned, by variant; ``made`` has the outputs that are known, by the seed and the path."""

    resolver: Resolver
    cache: StepCache
    force: bool
    planned: dict[str, PlannedStep] = field(default_factory=dict)
    made: dict[int | None, dict[str, str]] = field(default_factory=dict)

    def plan(self, variant: Variant, before: Iterable[str]) -> None:
        """Plan a variant after those that it waits for."""
        step = variant.step
        last = self.cache.last(step.name, variant.seed)
        seconds = last.seconds if last else None
        waits_for = [self.planned[name].name for name in before if self.planned[name].action != "reuse"]
        if waits_for:
            # Its outside inputs may have changed too, but only the outcome of the others decides.
            self.resolver.source_files(step)  # an input that does not exist is said now
            after = (f"after {', '.join(waits_for)}",)
            self.planned[variant.name] = PlannedStep(step.name, "depends", after, seconds=seconds)
            return
        inputs = self.resolver.inputs(step, self.made.get(None, {}) | self.made.get(variant.seed or 0, {}))
        fingerprint = step_fingerprint(inputs, variant.told)
        known = None if self.force else find_result(self.cache, step, fingerprint)
        if known:
            self.made.setdefault(variant.seed, {}).update((file.path, file.digest) for file in known.outputs)
            self.planned[variant.name] = PlannedStep(step.name, "reuse", (), fingerprint, known.seconds)
        else:
            why = reasons(inputs, variant.told, last) or (
                "--force" if self.force else "its result is not in the cache",
            )
            self.planned[variant.name] = PlannedStep(step.name, "run", why, fingerprint, seconds)


def _together(seeds: Sequence[PlannedStep]) -> PlannedStep:
    """All seeds of a step as one: what has to be done for any of them has to be done."""
    cached = sum(one.action == "reuse" for one in seeds)
    decisive = next((one for action in ("run", "depends") for one in seeds if one.action == action), seeds[0])
    partly = (f"{cached} of {len(seeds)} seeds cached",) if cached < len(seeds) else ()
    times = [one.seconds for one in seeds if one.seconds is not None]
    return replace(
        decisive,
        reasons=(*partly, *(() if cached and decisive.action == "run" else decisive.reasons)),
        fingerprint=seeds[0].fingerprint,
        seconds=sum(times) if times else None,
        seeds=len(seeds),
        cached=cached,
    )
