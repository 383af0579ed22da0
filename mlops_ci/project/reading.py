"""Which files of a repository a project reads: what has to change for it to be affected. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from mlops_ci.project.graph import makes
from mlops_ci.project.paths import contains, normalise
from mlops_ci.project.project import Project

EVERYTHING = "."


def paths_read(project: Project, file: str, software: Iterable[str]) -> frozenset[str]:
    """The files and folders that a project reads, relative to the top of the repository; ``.`` for all.

    Args:
        project: the project.
        file: where its ``mlops.yaml`` is, relative to the top of the repository.
        software: the files that name its environment, relative to the folder of ``mlops.yaml``.
    """
    folder = posixpath.dirname(file)
    found = {normalise(posixpath.join(folder, path)) for path in (*_paths(project), *software)}
    if any(step.inputs is None for step in project.steps):
        found.add(EVERYTHING)
    return frozenset({*found, file})


def changed_of(paths: Iterable[str], read: Iterable[str]) -> tuple[str, ...]:
    """Those of some changed files that are read, sorted."""
    read = tuple(read)
    return tuple(sorted(path for path in paths if any(contains(place, path) for place in read)))


def _paths(project: Project) -> Iterator[str]:
    yield from project.includes
    if project.params.path:
        yield project.params.path
    for dataset in project.datasets:
        yield dataset.path
        yield f"{dataset.path}.dvc"  # which git has in its place
    for step in project.steps:
        yield from (path for path in step.inputs or () if not any(makes(other, path) for other in project.steps))
    for metric in project.evaluation.custom if project.evaluation else ():
        yield metric.file
    yield from (path for path in (project.serve.script, project.image.dockerfile) if path)
    yield from project.serve.assets
