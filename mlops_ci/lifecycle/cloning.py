"""Makes a branch of a past run, perhaps with other parameters, to go on from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.history import run_if_kept
from mlops_ci.lifecycle.places import PROJECT_FILE
from mlops_ci.project.editing import parse_assignment, with_value
from mlops_ci.project.load import load_project
from mlops_ci.project.paths import escapes, normalise
from mlops_ci.records.run import Run
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.references import parse_reference, resolve
from mlops_ci.source.branching import Branch, Edit, make_branch, require_commit
from mlops_ci.source.checkout import Checkout


def run_of_version(log: ModelLog, reference: str) -> Run:
    """The run that made a version.

    Raises:
        UsageError: there is no such version, or its run is not on record.
    """
    run, gone = run_if_kept(log.store, resolve(log.read(), parse_reference(reference).selector).run)
    if run is None:
        raise UsageError(f"there is no run to go on from: {gone}", where=reference)
    return run


def clone_run(run: Run, project: Path, name: str | None, params: Iterable[str]) -> Branch:
    """Make a branch at the commit of a run, with what its tree had besides it and other parameters on top.

    Args:
        run: the run.
        project: ``mlops.yaml``, or the folder it is in, in the repository of the run.
        name: of the branch; by default it follows from the run's.
        params: such as ``train.depth=8``.

    Raises:
        ConflictError: there is such a branch.
        UsageError: a parameter is none, the commit is nowhere to be had, or what the tree had is not on record as a
            whole.
    """
    folder = project if project.is_dir() else project.parent
    file = PROJECT_FILE if project.is_dir() else project.name
    checkout = Checkout(folder)
    prefix = PurePosixPath(folder.resolve().relative_to(checkout.root.resolve()).as_posix())
    given = dict(map(parse_assignment, params))
    base = run.commit.sha
    require_commit(checkout, base)
    edits = _edits(checkout, base, prefix, file, run.model_name, given) if given else {}
    told = ", ".join(f"{key}={value}" for key, value in given.items())
    message = f"From run {run.id}{f', with {told}' if told else ''}"
    return make_branch(checkout, name or f"clone-{run.id}", base, dirty=run.dirty, edits=edits, message=message)


def _edits(
    checkout: Checkout, base: str, prefix: PurePosixPath, file: str, model: str, given: Mapping[str, Any]
) -> dict[str, Edit]:
    """The change to the file that holds the parameters."""
    where = (prefix / file).as_posix()
    data = checkout.read_at(base, where)
    if data is None:
        raise UsageError(f"the commit of the run has no {file} here", where=base[:7], hint="see --project")
    project = load_project(data, f"{file} of {base[:7]}")
    if project.model.name != model:
        what = f"the run is of {model}, and the project here makes {project.model.name}"
        raise UsageError(what, where=base[:7], hint="see --project")
    path, above = project.params.path, ()
    if path is None:
        if not project.params.values:
            raise UsageError("the project of that commit has no parameters", where=where)
        return {where: partial(_changed, file=where, above=("params",), given=given)}
    inside = normalise((prefix / path).as_posix())
    if escapes(inside):
        raise UsageError("the params file lies outside the repository", where=path)
    return {inside: partial(_changed, file=path, above=above, given=given)}


def _changed(text: str, *, file: str, above: tuple[str, ...], given: Mapping[str, Any]) -> str:
    for key, value in given.items():
        text = with_value(text, file, (*above, *key.split(".")), value)
    return text
