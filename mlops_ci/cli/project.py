"""``init`` and ``validate``."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_ci.cli.options import project_option
from mlops_ci.cli.output import echo
from mlops_ci.lifecycle.initial import write_initial_project
from mlops_ci.lifecycle.places import check_places, find_project_file, read_project_file
from mlops_ci.project.graph import ordered
from mlops_ci.project.load import load_project


@click.command()
@project_option
def init(project: Path) -> None:
    """Write a first mlops.yaml, made from what the folder has, with comments."""
    file = write_initial_project(project)
    echo(f"wrote {file}; adapt it, then: mlops-ci validate, git commit, mlops-ci ci")


@click.command()
@project_option
def validate(project: Path) -> None:
    """Check mlops.yaml: all problems at once, each with line and column."""
    file = find_project_file(project)
    loaded = load_project(read_project_file(file), file.name)
    check_places(loaded, file.parent)
    steps = " → ".join(step.name for step in ordered(loaded.steps))
    rules = len(loaded.gate.rules) if loaded.gate else 0
    gate = "1 gate rule" if rules == 1 else f"{rules} gate rules"
    echo(f"{file.name} is valid: model {loaded.model.name}, steps {steps}, {gate}")
