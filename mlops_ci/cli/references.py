"""Whose model is meant where none is named: that of the project which is here."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.places import find_project_file, load_project_file


def model_here(project: Path) -> str | None:
    """The model of the project at a path; None where there is no project, or a broken one."""
    with suppress(UsageError):
        file = find_project_file(project)
        return load_project_file(file).model.name
    return None
