"""Whose model is meant where none is named: that of the project which is here."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.places import find_project_file, load_project_file
from mlops_ci.project.project import Project
from mlops_ci.registry.references import Reference, parse_reference


def project_here(path: Path) -> Project | None:
    """The project at a path; None where there is none, or a broken one."""
    with suppress(UsageError):
        return load_project_file(find_project_file(path))
    return None


def model_here(path: Path) -> str | None:
    """The model of the project at a path; None as above."""
    project = project_here(path)
    return project.model.name if project else None


def whole_reference(text: str, project: Path) -> str:
    """A reference with the model of the project that is here, where it names none and there is a project.

    Raises:
        UsageError: there is a project, and it is broken.
    """
    if "@" in text:
        return text
    try:
        file = find_project_file(project)
    except UsageError:
        return text
    model = load_project_file(file).model.name
    return text if text == model else f"{model}@{text}"  # a model alone is no reference, and no alias of its own either


def reference_here(text: str, project: Path) -> Reference:
    """Parse a reference that need not name the model of the project.

    Raises:
        UsageError: it is none, or there is a project and it is broken.
    """
    return parse_reference(whole_reference(text, project))
