"""Steps of ours that load a finished model, and so need what its code needs."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mlops_ci.project.graph import makes, upstream
from mlops_ci.project.project import Output, Project, Step


def with_model_step(
    project: Project,
    name: str,
    command: Sequence[str],
    *,
    tables: Sequence[str],
    folder: str,
    tool: str,
    timeout: float,
) -> Project:
    """The project with one more step, which reads the model and tables.

    Args:
        project: the project.
        name: the step's.
        command: what it runs.
        tables: what it reads beside the model and its code.
        folder: what it writes, kept in the cache and with no run.
        tool: the program of ours that it needs.
        timeout: seconds.
    """
    step = Step(
        name=name,
        run=shlex.join(command),
        inputs=tuple(dict.fromkeys((*project.model.files, *tables, *_code_of_model(project)))),
        data=(),
        params=(),
        env=(),
        timeout=timeout,
        outputs=(Output(folder, store=None),),
        tool=tool,
    )
    return replace(project, steps=(*project.steps, step))


def _code_of_model(project: Project) -> Iterator[str]:
    """What the steps read that make the model, but for what steps make: a pickle needs the classes in it."""
    makers = [step.name for step in project.steps if any(makes(step, path) for path in project.model.files)]
    for step in upstream(project.steps, makers):
        for path in step.inputs or ():
            if not any(makes(other, path) for other in project.steps):
                yield path
