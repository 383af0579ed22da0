"""The workflows of a repository, written once and its own from then on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import mlops_ci
from mlops_ci.edge.git import Git
from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.initial import is_project
from mlops_ci.lifecycle.places import find_project_file, load_project_file
from mlops_ci.project.deploy import AciPlace, KubernetesPlace
from mlops_ci.project.project import DEFAULT_WORKSPACE, Project
from mlops_ci.source.checkout import Checkout
from mlops_ci.workflows.render import Filling, rendered
from mlops_ci.workflows.shapes import DEPLOY, SHAPES, Host, Shape

_OURS = Path(mlops_ci.__file__).parents[1]
_COMMIT = re.compile(r"[0-9a-f]{40}")
_REF = re.compile(r"(?!.*(?:\.\.|//))[A-Za-z0-9][A-Za-z0-9._/-]{0,200}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_ON_GITHUB = re.compile(r"github\.com[:/]+(?P<name>[^/]+/[^/]+?)(?:\.git)?/?$")


@dataclass(frozen=True, slots=True)
class Pin:
    """Which actions a workflow uses.

    ``repository`` is ``owner/name`` on GitHub, None if it is not known; ``origin`` says where ``ref`` is from, where it
    was not given.
    """

    repository: str | None
    ref: str
    origin: str

    @property
    def is_commit(self) -> bool:
        """Whether it names a commit, which nobody can move."""
        return _COMMIT.fullmatch(self.ref) is not None


@dataclass(frozen=True, slots=True)
class Initial:
    """What is to be written.

    ``pin`` says how the actions in it are pinned, None where none is used; ``in_git``, whether ``mlops.yaml`` leaves it
    to the workflows to say where the workspace is; ``deployment`` is what they deploy, if they do.
    """

    texts: Mapping[Path, str]
    pin: Pin | None
    in_git: bool
    deployment: str


def prepare_workflows(
    project: Path, host: Host, *, ref: str | None, hardened: bool = False, deploy: bool = False
) -> Initial:
    """The workflows of a host for the repository around a project; nothing is written yet.

    Args:
        project: ``mlops.yaml``, or the folder it is in or will be in.
        host: for which.
        ref: a commit or a tag of the actions, with or without ``owner/name@`` before it.
        hardened: in two jobs, of which the one with credentials runs no code of the repository.
        deploy: the workflow that deploys, instead of those that make models.

    Raises:
        UsageError: one of the files exists, or it cannot be told what to write.
    """
    folder, loaded = project if project.is_dir() else project.absolute().parent, None
    if is_project(project):
        file = find_project_file(project)
        loaded = load_project_file(file)
    root = Checkout.top_of(folder)
    if folder.resolve() != root.resolve():
        hint = "copy the workflow of another project and say project: or working-directory: in it"
        raise UsageError("only for a project at the top of its repository", where=str(folder), hint=hint)
    deployment = _deployment(loaded) if deploy else ""
    files = DEPLOY[host] if deploy else SHAPES[host, _shape(loaded, host, hardened=hardened)]
    pin = pin_of(ref)
    templates = {root / path: template for path, template in files.items()}
    if there := [path for path in templates if path.exists() or path.is_symlink()]:
        raise UsageError(
            f"{there[0].name} exists already",
            where=str(there[0].parent),
            hint="move it away, and compare; nothing was written",
        )
    in_git = loaded is None or loaded.workspace.url == DEFAULT_WORKSPACE
    filling = Filling(
        repository=pin.repository or "",
        ref=pin.ref,
        remark=pin.origin,
        default_branch=_default_branch(root) or "main",
        deployment=deployment,
        names_workspace=in_git,
    )
    texts = {path: rendered(template, filling) for path, template in templates.items()}
    if host == "azure" and hardened and pin.is_commit:
        hint = f"name a tag: --ref {pin.repository or 'OWNER/mlops-ci'}@v{mlops_ci.__version__}"
        raise UsageError("Azure Pipelines takes no commit of another repository", where="--ref", hint=hint)
    pinned = any(pin.ref in text for text in texts.values())
    if pinned and pin.repository is None:
        raise UsageError(
            "which repository on GitHub has the actions is not known here",
            where="--ref",
            hint=f"say --ref OWNER/mlops-ci@{ref or pin.ref}",
        )
    if ref is not None and not pinned:
        hint = "leave it out: the extension that is installed is what runs; --hardened uses templates of a tag"
        raise UsageError("the pipeline names no version of mlops-ci", where="--ref", hint=hint)
    return Initial(texts, pin if pinned else None, in_git, deployment)


def write_workflows(initial: Initial) -> None:
    """Write them.

    Raises:
        UsageError: a file cannot be written.
    """
    for path, text in initial.texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as target:
                target.write(text)
        except OSError as error:
            raise UsageError(f"cannot be written: {error.strerror}", where=str(path)) from error


def pin_of(ref: str | None) -> Pin:
    """What to pin the actions to: as given, else what this very program was made from.

    Raises:
        UsageError: it is no commit, tag or repository.
    """
    repository, _, name = (ref or "").rpartition("@")
    if repository and not _REPOSITORY.fullmatch(repository):
        raise UsageError("not a repository on GitHub", where=f"--ref {repository!r}", hint="write OWNER/mlops-ci@REF")
    if ref is not None and not _REF.fullmatch(name):
        raise UsageError("not a commit or a tag", where=f"--ref {name!r}", hint="give the 40 digits of a commit")
    git = Git(_OURS)
    ours = git.ask("rev-parse", "--show-toplevel")
    commit = git.ask("rev-parse", "HEAD") if ours and Path(ours) == _OURS.resolve() else None
    if not repository and commit:
        origin = _ON_GITHUB.search(git.ask("remote", "get-url", "origin") or "")
        repository = origin["name"] if origin and _REPOSITORY.fullmatch(origin["name"]) else ""
    if ref is not None:
        return Pin(repository or None, name, "")
    if commit is None:
        return Pin(repository or None, f"v{mlops_ci.__version__}", "the release of this mlops-ci")
    return Pin(repository or None, commit, "the commit of this mlops-ci")


def _default_branch(root: Path) -> str | None:
    """The branch that releases; before the first commit the one that is to get it."""
    git = Git(root)
    if git.ask("rev-parse", "--verify", "-q", "HEAD") is None:
        return git.ask("symbolic-ref", "-q", "--short", "HEAD")
    return Checkout(root).default_branch


def _deployment(project: Project | None) -> str:
    """The first one that outlives a job on any machine, else the first."""
    choices = project.deploy if project else ()
    if not choices:
        hint = "say where, under deploy: in mlops.yaml; see docs/deployment.md"
        raise UsageError("there is nothing to deploy to", where="--deploy", hint=hint)
    lasting = [each for each in choices if isinstance(each.place, KubernetesPlace | AciPlace)]
    return (lasting or list(choices))[0].name


def _shape(project: Project | None, host: Host, *, hardened: bool) -> Shape:
    if hardened:
        return "hardened"
    return "matrix" if host == "github" and project and any(step.runs_on for step in project.steps) else "plain"
