"""The job matrix: steps that have to run, by the runner that they want."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mlops_ci.project.graph import dependencies
from mlops_ci.project.project import Step
from mlops_ci.records.plan import PlannedJob


def planned_jobs(steps: Sequence[Step], needed: Collection[str]) -> tuple[PlannedJob, ...]:
    """Group steps into as few jobs as one pass can find, in an order in which they can run one after another.

    Args:
        steps: all steps, in the order in which they can run.
        needed: the names of those that have to run.
    """
    before = dependencies(steps)
    runners: list[str | None] = []
    members: list[list[str]] = []
    place: dict[str, int] = {}
    for step in steps:
        # A step that is reused needs no job, but what it stands for may have to come before.
        earliest = max((place[name] for name in before[step.name]), default=0)
        if step.name not in needed:
            place[step.name] = earliest
            continue
        chosen = next((n for n in range(earliest, len(runners)) if runners[n] == step.runs_on), len(runners))
        if chosen == len(runners):
            runners.append(step.runs_on)
            members.append([])
        members[chosen].append(step.name)
        place[step.name] = chosen
    return tuple(
        PlannedJob(", ".join(names), runner, tuple(names)) for runner, names in zip(runners, members, strict=True)
    )
