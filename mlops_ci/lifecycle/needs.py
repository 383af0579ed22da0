"""What a job of a project needs beyond the core: the extras to install, and the folder to keep for the next job."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.errors import UsageError
from mlops_ci.hosts.select import found
from mlops_ci.lifecycle.places import find_project_file, read_project_file
from mlops_ci.project.load import load_project
from mlops_ci.project.project import Project
from mlops_ci.workspace.objects.credentials import extra_for


@dataclass(frozen=True, slots=True)
class Needs:
    """``extras`` by name; ``steps`` is where results of steps are kept on this machine, None if nowhere."""

    extras: tuple[str, ...]
    steps: str | None


def needs_of(project: Path, workspace: str | None, environ: Mapping[str, str], more: tuple[str, ...] = ()) -> Needs:
    """Find out, without asking anybody.

    A project that is missing or wrong needs nothing more: the verb that comes next says so better.

    Args:
        project: ``mlops.yaml`` or its folder.
        workspace: the place that the command line or a variable says.
        environ: the environment variables.
        more: extras that are wanted in any case.
    """
    loaded: Project | None = None
    with suppress(UsageError):
        file = find_project_file(project)
        loaded = load_project(read_project_file(file), file.name)
    extras = {*more}
    if loaded and (loaded.evaluation or loaded.gate):
        extras.add("gate")
    if loaded and found(environ) == "azure":  # whose comments show no Mermaid, but pictures
        extras.add("charts")
    if loaded and (loaded.environment.requirements or loaded.environment.conda):
        extras.add("pip")
    if loaded and loaded.environment.conda:
        extras.add("conda")
    places = _places(loaded, workspace)
    extras |= {extra for place in places if (extra := extra_for(place.partition("://")[0].lower(), environ))}
    return Needs(tuple(sorted(extras)), _steps(loaded, places, environ))


def _places(project: Project | None, workspace: str | None) -> list[str]:
    given = workspace.split(",files=") if workspace else []
    if project is None:
        return given
    said = [] if given else [project.workspace.url, project.workspace.files]
    return [place for place in (*given, *said, project.cache.url) if place]


def _steps(project: Project | None, places: list[str], environ: Mapping[str, str]) -> str | None:
    """A workspace that is nothing but git has no room for what steps leave: it stays on the machine."""
    if project is None or not places or project.cache.url or len(places) > 1 or not places[0].startswith("git+"):
        return None
    return str(cache_folder(environ).absolute() / "steps")
