"""What a job of a project needs beyond the core: the extras to install, and the folder to keep for the next job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.errors import UsageError
from mlops_ci.hosts.select import found
from mlops_ci.lifecycle.places import find_project_file, load_project_file
from mlops_ci.project.deploy import AciPlace, DeployChoice, DockerPlace, KubernetesPlace, ProcessPlace
from mlops_ci.project.project import Project
from mlops_ci.workspace.objects.credentials import extra_for

_TAGS = "refs/tags/"


@dataclass(frozen=True, slots=True)
class Needs:
    """``extras`` by name; ``steps`` is where results of steps are kept on this machine, None if nowhere."""

    extras: tuple[str, ...]
    steps: str | None


def needs_of(
    project: Path,
    workspace: str | None,
    environ: Mapping[str, str],
    more: tuple[str, ...] = (),
    *,
    verbs: tuple[str, ...] = (),
    deployment: str | None = None,
) -> Needs:
    """Find out, without asking anybody.

    A project that is missing or wrong needs nothing more: the verb that comes next says so better.

    Args:
        project: ``mlops.yaml`` or its folder.
        workspace: the place that the command line or a variable says.
        environ: the environment variables.
        more: extras that are wanted in any case.
        verbs: what the job is to do beside what every job of the project may, such as ``deploy`` or ``image push``.
        deployment: the only one that it deals with.
    """
    loaded: Project | None = None
    with suppress(UsageError):
        file = find_project_file(project)
        loaded = load_project_file(file)
    extras = {*more}
    if loaded and (loaded.evaluation or loaded.gate):
        extras.add("gate")
    if loaded and found(environ) == "azure":  # whose comments show no Mermaid, but pictures
        extras.add("charts")
    if loaded and (loaded.environment.requirements or loaded.environment.conda):
        extras.add("pip")
    if loaded and loaded.environment.conda:
        extras.add("conda")
    extras |= set(_of_tag(loaded, environ))
    extras |= {extra for verb in verbs for extra in _of_verb(verb, loaded, deployment)}
    places = _places(loaded, workspace)
    extras |= {extra for place in places if (extra := extra_for(place.partition("://")[0].lower(), environ))}
    return Needs(tuple(sorted(extras)), _steps(loaded, places, environ))


def _of_verb(verb: str, project: Project | None, deployment: str | None) -> Iterator[str]:
    """A job that trains installs nothing of what images and endpoints want: only who makes them does."""
    match verb.split()[:1]:
        case ["image"]:
            yield from _of_images(project)
        case ["onnx"]:
            yield "pip"  # the converters are put into the model's environment
        case ["collected"]:
            yield "gate"
        case ["serve"]:
            yield "serve"
        case ["deploy" | "deployments"] if project:
            wanted = [each for each in project.deploy if deployment in {None, each.name}]
            yield from _of_deployments(wanted)
            if verb != "deployments check" and any(not isinstance(each.place, ProcessPlace) for each in wanted):
                yield from _of_images(project)


def _of_tag(project: Project | None, environ: Mapping[str, str]) -> Iterator[str]:
    """What ``ci`` does for a tag is to make an image, and to deploy."""
    refs = (environ.get(name, "") for name in ("GITHUB_REF", "BUILD_SOURCEBRANCH"))
    tag = next((ref.removeprefix(_TAGS) for ref in refs if ref.startswith(_TAGS)), None)
    if project and tag:
        followers = [each for each in project.deploy if each.follows(tag)]
        yield from _of_deployments(followers)
        if project.image.repository or any(not isinstance(each.place, ProcessPlace) for each in followers):
            yield from _of_images(project)


def _of_images(project: Project | None) -> Iterator[str]:
    if project and project.image.dockerfile:
        yield "docker"
    else:
        yield "pip"  # fetches the wheels


def _of_deployments(choices: Iterable[DeployChoice]) -> Iterator[str]:
    for choice in choices:
        match choice.place:
            case ProcessPlace():
                yield "serve"
            case DockerPlace():
                yield "docker"
            case KubernetesPlace():
                yield "kubernetes"
            case AciPlace():
                yield "azure"


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
