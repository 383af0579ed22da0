"""What runs the notebooks of a project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.environment import Environment
from mlops_ci.pipeline.extended import extended
from mlops_ci.pipeline.tool import Tool
from mlops_ci.project import notebooks
from mlops_ci.project.project import Project


def notebook_tools(
    project: Project, environment: Environment, *, folder: Path, cache: StepCache, environ: Mapping[str, str]
) -> dict[str, Tool]:
    """The tool for notebooks, by its name, if a step is one; nothing is resolved before it runs.

    Args:
        project: the project.
        environment: the software of its steps.
        folder: the project's folder.
        cache: where locks are kept.
        environ: the environment variables.
    """
    if not any(step.notebook for step in project.steps):
        return {}
    software = extended(environment, notebooks.NEEDED, notebooks.PURPOSE, folder=folder, cache=cache, environ=environ)
    return {notebooks.TOOL: Tool(notebooks.TOOL, software)}
