"""Checks that what ``explain`` needs is there."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_ci.project.explain import FOLDER, METRICS_OF, STEP, model_to_explain
from mlops_ci.project.paths import contains
from mlops_ci.project.project import Project
from mlops_ci.project.yaml12 import Path


def explain_findings(project: Project) -> Iterator[tuple[Path, str, str | None]]:
    """What keeps the model from being explained: where, what, and what to do."""
    choice, evaluation = project.explain, project.evaluation
    if choice is None:
        return
    if any(step.name == STEP for step in project.steps):
        yield ("steps", STEP), f"the name {STEP!r} is that of the explanation", "rename the step, or remove explain:"
    if project.model.inputs is None:
        yield ("explain",), "an explanation needs the model's inputs", "add model.inputs: a table of real rows"
    task = evaluation.task if evaluation else None
    if evaluation is None or evaluation.predictions is None:
        yield ("explain",), "an explanation needs predictions, which know the truth", "add evaluation.predictions"
    elif task is not None and task not in METRICS_OF:
        yield ("explain",), f"a {task} task cannot be explained", f"those that can: {', '.join(METRICS_OF)}"
    elif task is not None and choice.metric and choice.metric not in METRICS_OF[task]:
        hint = f"use one of: {', '.join(METRICS_OF[task])}"
        yield ("explain", "metric"), f"{choice.metric} does not fit a {task} task", hint
    chosen = model_to_explain(choice, project.model.files)
    if chosen is None:
        hint = f"name it: explain: {{model: …}}, one of {', '.join(project.model.files)}"
        yield ("explain",), "which of the model's files is to be explained?", hint
    elif not any(contains(path, chosen) for path in project.model.files):
        yield ("explain", "model"), f"{chosen!r} is none of model.files", f"files: {', '.join(project.model.files)}"
    for step in project.steps:
        for index, output in enumerate(step.outputs):
            if contains(output.path, FOLDER) or contains(FOLDER, output.path):
                where: Path = ("steps", step.name, "outputs", index)
                yield where, f"{FOLDER} is where the explanation writes", "write elsewhere"
