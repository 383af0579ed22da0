"""Finds the models of a repository that a change affects, for a job each."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mlops_ci.edge.redaction import redactor_for
from mlops_ci.errors import MlopsError, UsageError
from mlops_ci.hosts.host import Host
from mlops_ci.lifecycle.places import PROJECT_FILE, find_project_file, load_project_file
from mlops_ci.pipeline.environment import requirement_files
from mlops_ci.pipeline.lock_file import lock_file_name
from mlops_ci.project.project import Project
from mlops_ci.project.reading import changed_of, paths_read
from mlops_ci.records.affected import AffectedProject
from mlops_ci.records.codec import plain
from mlops_ci.records.host import HostContext
from mlops_ci.source.checkout import Checkout
from mlops_ci.workspace.git.settings import find_remote

_NO_COMMIT = re.compile(r"0{40}")
_NO_BRANCH = re.compile(r"@|HEAD|.*([~^:]|@\{).*", re.DOTALL)
_SHA = re.compile(r"[0-9a-f]{7,40}")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class AffectedRequest:
    """What to look at: ``projects`` are files or folders, none for every ``mlops.yaml`` that git tracks.

    ``since`` is a commit, a branch or what else git takes for a commit, such as ``HEAD~1``; None for what the event
    calls for.
    """

    folder: Path
    projects: tuple[Path, ...]
    since: str | None


def affected_projects(request: AffectedRequest, host: Host, environ: Mapping[str, str]) -> tuple[AffectedProject, ...]:
    """The affected projects, by path.

    Raises:
        UsageError: there is no repository, no such commit, or no such project.
    """
    origin = partial(find_remote, "git+origin", request.folder, environ, host.git_settings())
    checkout = Checkout(request.folder, origin)
    top = checkout.root.resolve()
    files = sorted({_inside(find_project_file(path), top) for path in request.projects} or _tracked(checkout))
    since = _commit(request.since, checkout) if request.since else _since(host.context(checkout), checkout)
    if since is None:
        everywhere = ("there is nothing to compare with: every model is looked at",)
        return tuple(AffectedProject(file, _model(top / file), everywhere) for file in files)
    dirty = checkout.dirt(frozenset(), redactor_for(environ))
    changed = {*checkout.changed_between(since, checkout.head), *(dirty.paths if dirty else ())}
    found = (_affected(top, file, changed) for file in files)
    return tuple(project for project in found if project.reasons)


def hand_over(found: Sequence[AffectedProject], host: Host) -> None:
    """Hand the projects to later jobs: ``projects`` for GitHub's ``fromJSON``, ``matrix`` as Azure wants it."""
    legs: dict[str, dict[str, str]] = {}
    for each in found:
        name = re.sub(r"[^A-Za-z0-9]+", "_", each.model or each.project).strip("_") or "model"
        name = name if name not in legs else f"{name}_{len(legs)}"
        legs[name] = {"project": each.project}
    host.outputs({"projects": json.dumps(plain(list(found))), "matrix": json.dumps(legs)})


def _tracked(checkout: Checkout) -> set[str]:
    return {path for path in checkout.tracked if posixpath.basename(path) == PROJECT_FILE}


def _inside(file: Path, top: Path) -> str:
    file = file.resolve()
    if not file.is_relative_to(top):
        raise UsageError("the project lies outside the repository", where=str(file))
    return file.relative_to(top).as_posix()


def _since(context: HostContext, checkout: Checkout) -> str | None:
    """Where what the job answers begins; None where every model has to be looked at: for today's data, or a tag."""
    if context.event in {"schedule", "dispatch", "tag"}:
        return None
    if context.base is None:
        return next(iter(checkout.parents), None)
    if context.commit and context.commit != checkout.head:  # a test merge: what a reviewer sees begins at its target
        return next(iter(checkout.parents), context.base)
    return checkout.merge_base(context.base, checkout.head) or context.base


def _commit(text: str, checkout: Checkout) -> str | None:
    """A commit, or where HEAD left what is named otherwise; None for the zeros that hosts say where a branch is new."""
    if _NO_COMMIT.fullmatch(text):
        return None
    try:
        return checkout.resolve(text)
    except UsageError as error:
        # Origin's branch comes first, which is newer than the one here; a tag or HEAD~1 git reads.
        tip = (None if _NO_BRANCH.fullmatch(text) else checkout.branch_commit(text)) or checkout.named_commit(text)
        if tip is None:
            known = "give what git knows in this clone, such as main, v1.0, HEAD~1, or 7 to 40 digits of a SHA"
            hint = error.hint if _SHA.fullmatch(text) else known
            raise UsageError("neither a commit nor a branch", where=repr(text[:80]), hint=hint) from error
        return checkout.merge_base(tip, checkout.head) or tip


def _affected(top: Path, file: str, changed: set[str]) -> AffectedProject:
    try:
        project = load_project_file(top / file)
        read = paths_read(project, file, _software(project, (top / file).parent))
    except MlopsError as error:
        return AffectedProject(file, None, (error.line(),))
    found = changed_of(changed, read)
    more = (f"and {len(found) - _SHOWN} more",) if len(found) > _SHOWN else ()
    return AffectedProject(file, project.model.name, (*(f"{path} changed" for path in found[:_SHOWN]), *more))


def _software(project: Project, folder: Path) -> set[str]:
    choice = project.environment
    found = {path for path, _ in requirement_files(choice.requirements, folder)} if choice.requirements else set()
    named = choice.requirements or choice.conda
    return {*found, named, lock_file_name(named)} if named else found


def _model(file: Path) -> str | None:
    try:
        return load_project_file(file).model.name
    except MlopsError:
        return None
