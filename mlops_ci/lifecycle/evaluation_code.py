"""Flags a pull request that changes what it is judged by."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_ci.lifecycle.session import Session
from mlops_ci.project.graph import makes, upstream
from mlops_ci.project.project import Project, Step


def evaluation_changes(session: Session) -> tuple[str, ...]:
    """One note if the evaluation differs from the base's: steps, their files, datasets and parameters, or metrics."""
    if session.context.base is None:
        return ()
    found = list(dict.fromkeys(_differences(session, session.context.base)))
    if not found:
        return ()
    shown = ", ".join(f"`{item}`" for item in found[:5])
    return (f"the evaluation itself changes here: {shown}; review it with care",)


def _differences(session: Session, base: str) -> Iterator[str]:
    project, before, resolver = session.project, session.base_project, session.resolver
    changed = set(session.checkout.changed_between(_since(session, base), session.checkout.head))
    for step in _evaluation_steps(project):
        if before:
            yield from _said_otherwise(step, project, before)
        read = [*resolver.source_files(step), *([project.params.path] if step.params and project.params.path else [])]
        for path in read:
            inside = resolver.snapshot.repository_path(path, declared=step.name)
            if inside in changed:
                yield inside
    for metric in project.evaluation.custom if project.evaluation else ():
        inside = resolver.snapshot.repository_path(metric.file, declared=metric.function)
        if inside in changed:
            yield inside


def _said_otherwise(step: Step, project: Project, before: Project) -> Iterator[str]:
    """What ``mlops.yaml`` says of a step, or of what it reads, that it did not say before."""
    if step not in before.steps:
        yield f"steps.{step.name}"
    datasets = {dataset.name: dataset for dataset in before.datasets}
    for dataset in project.datasets:
        if dataset.name in step.data and dataset != datasets.get(dataset.name):
            yield f"datasets.{dataset.name}"
    if step.params and project.params != before.params:
        yield "params"


def _since(session: Session, base: str) -> str:
    """Where what a reviewer sees begins: what a test merge was made on, else where the branch left its base."""
    checkout = session.checkout
    if session.merge:
        return next(iter(checkout.parents), base)
    return checkout.merge_base(base, checkout.head) or base


def _evaluation_steps(project: Project) -> list[Step]:
    """The steps that make the predictions and numbers, without those that make the model itself."""
    evaluation = project.evaluation
    if evaluation is None:
        return []
    to_results = _upstream_of(project, evaluation.results)
    to_model = _upstream_of(project, project.model.files)
    return [step for step in to_results if step not in to_model or step.name == evaluation.step]


def _upstream_of(project: Project, paths: list[str] | tuple[str, ...]) -> tuple[Step, ...]:
    makers = [step.name for step in project.steps if any(makes(step, path) for path in paths)]
    return upstream(project.steps, makers)
