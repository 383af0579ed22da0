"""Finds the project file and the workspace, wherever they are said."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from mlops_ci.edge.files import require_inside
from mlops_ci.errors import UsageError
from mlops_ci.hosts.select import is_ephemeral, select_host
from mlops_ci.project.load import load_project
from mlops_ci.project.project import DEFAULT_WORKSPACE, Project, WorkspaceChoice
from mlops_ci.source.checkout import Checkout
from mlops_ci.workspace.format import initialise, places_of, refuse_foreign, require_whole
from mlops_ci.workspace.local import LocalStore, ignore_in_git
from mlops_ci.workspace.open import Lent, open_store
from mlops_ci.workspace.split import SplitStore
from mlops_ci.workspace.store import Store, Watch, unwatched

PROJECT_FILE = "mlops.yaml"
NO_WORKSPACE_HINT = "name another with --workspace, or make one with mlops-ci workspace init"


def find_project_file(path: Path) -> Path:
    """The project file that a path means: itself, or ``mlops.yaml`` in it.

    Raises:
        UsageError: there is none.
    """
    file = path / PROJECT_FILE if path.is_dir() else path
    if not path.exists() and path.name != PROJECT_FILE:
        raise UsageError("no such file or folder", where=str(path))
    if not file.is_file():
        raise UsageError(
            f"no {file.name} here", where=str(file.parent.absolute()), hint="run mlops-ci init to write one"
        )
    return file.absolute()


def read_project_file(file: Path) -> bytes:
    """The bytes of a project file.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(file)) from error


def load_project_file(file: Path) -> Project:
    """The project of a project file, with what that includes.

    Raises:
        ConfigurationError: everything that is wrong with it.
        UsageError: it cannot be read, or is a link.
    """
    folder = file.parent.resolve()
    # Without a repository the project's own folder is all that there is.
    top = next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), folder)
    require_no_link(folder / file.name, top, called=file.name)
    return load_project(read_project_file(file), file.name, partial(read_included, folder, top))


def read_included(folder: Path, top: Path, path: str) -> bytes | None:
    """A file that a project file includes; None if there is none.

    Args:
        folder: that of the project file.
        top: the top of the repository.
        path: the path of the file from the project's folder.

    Raises:
        UsageError: it is none of the repository, is a link, or cannot be read.
    """
    file = folder / path
    require_no_link(file, top, called=path)
    return read_project_file(file) if file.is_file() else None


def require_no_link(file: Path, top: Path, *, called: str) -> None:
    """Refuse a file with rules that is a link: what git has of it in the base of a branch is a name, and no rules."""
    require_inside(file, top, called=called)
    if file.is_symlink():
        hint = "make it a file: a branch is judged by what its base has under this name"
        raise UsageError(f"{called!r} is a link", where=str(file), hint=hint)


def open_workspace(
    given: str | None,
    project: Project | None,
    folder: Path,
    *,
    checkout_root: Path | None,
    ephemeral: bool,
    watch: Watch,
    lent: Lent = None,
) -> tuple[Store, bool]:
    """Open the storage of a workspace, wherever it is said; tell whether it is a workspace already.

    Args:
        given: from the command line; relative to the current folder.
        project: says it otherwise; relative to its own folder, or to the top of the repository by default.
        folder: the folder of the project.
        checkout_root: the top of the repository, if there is one.
        ephemeral: whether the machine is gone when the job ends.
        watch: is told of transfers of files.
        lent: settings of git that reach the remotes of the checkout, from the job's host.

    Raises:
        UsageError: the workspace would vanish with the machine.
    """
    durable = False
    if given is not None:
        store = open_store(given, Path.cwd(), watch, lent)
    elif project is not None and project.workspace != WorkspaceChoice(DEFAULT_WORKSPACE, durable=False):
        store, durable = _open_chosen(project.workspace, folder, watch, lent), project.workspace.durable
    else:
        store = open_store(DEFAULT_WORKSPACE, checkout_root or folder, watch)
    for place in _folders_of(store):
        if ephemeral and not durable and _is_inside(place, checkout_root):
            raise UsageError(
                "the workspace lies inside the checkout and would vanish with this CI machine",
                where=place.url,
                hint="set workspace: to a place that lasts, such as git+origin, say durable: true, or use --host local",
            )
        if place.root.exists() and not place.root.is_dir():
            raise UsageError("the workspace is not a folder", where=place.url, hint="name a folder")
    # One that we cannot understand is refused before anything is done.
    return store, require_whole(store) is not None


def make_workspace(store: Store, checkout_root: Path | None, *, is_new: bool) -> None:
    """Make the storage a workspace unless it is one; a folder inside a checkout stays out of ``git status``."""
    if is_new:
        refuse_foreign(store)
    for place in _folders_of(store):
        if _is_inside(place, checkout_root):
            ignore_in_git(place.root)
    if is_new or isinstance(store, SplitStore):  # which may have been one place until now
        initialise(store)


def _open_chosen(choice: WorkspaceChoice, folder: Path, watch: Watch, lent: Lent = None) -> Store:
    store = open_store(choice.url, folder, watch, lent)
    return SplitStore(store, open_store(choice.files, folder, watch, lent)) if choice.files else store


def check_places(project: Project, folder: Path) -> None:
    """Check what a project says of places, without asking anybody but git's configuration.

    Raises:
        UsageError: a workspace or a cache could not be opened.
    """
    _open_chosen(project.workspace, folder, unwatched)
    if project.cache.url:
        open_store(project.cache.url, folder)


def _folders_of(store: Store) -> list[LocalStore]:
    """The folders of this machine that a workspace is in."""
    return [place for place in places_of(store) if isinstance(place, LocalStore)]


def _is_inside(store: LocalStore, checkout_root: Path | None) -> bool:
    return checkout_root is not None and store.root.is_relative_to(checkout_root.resolve())


def workspace_to_read(given: str | None, project: Path, watch: Watch = unwatched) -> Store:
    """Open a workspace that must be there already; for the verbs that look things up.

    Raises:
        UsageError: there is none.
    """
    store, _, exists = _outside_a_journey(given, project, host="auto", environ=os.environ, ephemeral=False, watch=watch)
    if not exists:
        raise UsageError("there is no workspace here", where=store.url, hint=NO_WORKSPACE_HINT)
    return store


def workspace_to_write(
    given: str | None,
    project: Path,
    *,
    host: str,
    environ: Mapping[str, str],
    watch: Watch = unwatched,
    must_exist: bool = False,
) -> Store:
    """Open a workspace, and make it one if it is none yet; for the verbs that write outside a journey.

    Raises:
        UsageError: it would vanish with the machine, or it must exist and does not.
    """
    ephemeral = is_ephemeral(host, environ)
    store, root, exists = _outside_a_journey(
        given, project, host=host, environ=environ, ephemeral=ephemeral, watch=watch
    )
    if must_exist and not exists:
        raise UsageError("there is no workspace here", where=store.url, hint=NO_WORKSPACE_HINT)
    make_workspace(store, root, is_new=not exists)
    return store


def _unheard(line: str) -> None:
    """Says nothing: looking something up is no job with a story to tell."""


def _outside_a_journey(
    given: str | None, project: Path, *, host: str, environ: Mapping[str, str], ephemeral: bool, watch: Watch
) -> tuple[Store, Path | None, bool]:
    """Open a workspace and find the top of the repository, though there need be neither project nor repository.

    Tells as well whether it is a workspace already.
    """
    folder = project if project.is_dir() else project.parent
    loaded = None
    if given is None and (project.is_file() or (project / PROJECT_FILE).is_file()):
        file = find_project_file(project)
        loaded = load_project_file(file)
    try:
        root = Checkout(folder).home
    except UsageError:
        root = None
    store, exists = open_workspace(
        given,
        loaded,
        folder.absolute(),
        checkout_root=root,
        ephemeral=ephemeral,
        watch=watch,
        lent=select_host(host, environ, _unheard).git_settings(),
    )
    return store, root, exists
