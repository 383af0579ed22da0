"""What judges a pull request is taken from its base."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from functools import partial

from mlops_ci.errors import ConfigurationError, UsageError
from mlops_ci.project.load import load_project
from mlops_ci.project.paths import escapes, normalise
from mlops_ci.project.project import Project
from mlops_ci.records.host import HostContext
from mlops_ci.source.checkout import Checkout

_FROM_BASE = ("workspace", "cache", "evaluation", "gate", "triggers", "deploy")


def with_base_rules(
    project: Project, checkout: Checkout, context: HostContext, path: str
) -> tuple[Project, Project | None, tuple[str, ...]]:
    """On a pull request, take what judges it from the base, so that a change cannot loosen its own gate."""
    if context.base is None:
        return project, None, ()
    data = checkout.read_at(context.base, path)
    if data is None:
        why = f"`{context.default_branch}` has no {path} yet, so that the gate is this branch's own"
        return project, None, (why,)
    try:
        base = load_project(data, f"{path}@{context.base[:7]}", partial(_included, checkout, context.base, path))
    except ConfigurationError as error:
        why = f"{path} of `{context.default_branch}` is broken ({error.what}): the gate is this branch's own"
        return project, None, (why,)
    differing = [name for name in _FROM_BASE if getattr(project, name) != getattr(base, name)]
    names = [step.name for step in project.steps]
    notes = []
    if base.model.name != project.model.name:
        notes.append(
            f"the model is called `{project.model.name}` here and `{base.model.name}` on `{context.default_branch}`: "
            "under the new name it has no champion"
        )
    if base.evaluation and base.evaluation.step and base.evaluation.step not in names:
        raise UsageError(
            f"the evaluation of {context.default_branch} needs the step {base.evaluation.step!r}, which is gone here",
            where=path,
            hint=f"keep the step, or change the evaluation on {context.default_branch} first",
        )
    notes += [
        f"`{name}` differs here; that of `{context.default_branch}` is in force until this is merged"
        for name in differing
    ]
    return replace(project, **{name: getattr(base, name) for name in _FROM_BASE}), base, tuple(notes)


def _included(checkout: Checkout, commit: str, project: str, path: str) -> bytes | None:
    """A file that the base's project file includes, as the base has it."""
    inside = normalise(posixpath.join(posixpath.dirname(project), path))
    if escapes(inside):
        raise UsageError(f"{path!r} lies outside the repository", hint="include files of this repository")
    return checkout.read_at(commit, inside)
