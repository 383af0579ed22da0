"""What would run, and why; installs and runs nothing."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.fingerprint import step_fingerprint
from mlops_ci.pipeline.jobs import planned_jobs
from mlops_ci.pipeline.resolve import Resolver
from mlops_ci.pipeline.run import find_result
from mlops_ci.pipeline.why import reasons
from mlops_ci.project.graph import dependencies
from mlops_ci.project.project import Step
from mlops_ci.records.plan import Plan, PlannedStep


def make_plan(steps: Sequence[Step], resolver: Resolver, cache: StepCache, *, force: bool = False) -> Plan:
    """Plan steps, given in the order in which they can run.

    Raises:
        UsageError: something that a step declares does not exist.
    """
    before = dependencies(steps)
    made: dict[str, str] = {}
    undecided: set[str] = set()
    planned: list[PlannedStep] = []
    for step in steps:
        last = cache.last(step.name)
        seconds = last.seconds if last else None
        waits_for = [name for name in before[step.name] if name in undecided]
        if waits_for:
            # Its outside inputs may have changed too, but only the outcome of the others decides.
            undecided.add(step.name)
            resolver.source_files(step)  # an input that does not exist is said now
            planned.append(PlannedStep(step.name, "depends", (f"after {', '.join(waits_for)}",), seconds=seconds))
            continue
        inputs = resolver.inputs(step, made)
        fingerprint = step_fingerprint(inputs)
        known = None if force else find_result(cache, step, fingerprint)
        if known:
            made |= {file.path: file.digest for file in known.outputs}
            planned.append(PlannedStep(step.name, "reuse", (), fingerprint, known.seconds))
        else:
            undecided.add(step.name)
            why = reasons(inputs, last.inputs if last else None) or (
                "--force" if force else "its result is not in the cache",
            )
            planned.append(PlannedStep(step.name, "run", why, fingerprint, seconds))
    return Plan(tuple(planned), planned_jobs(steps, {step.name for step in planned if step.action != "reuse"}))
