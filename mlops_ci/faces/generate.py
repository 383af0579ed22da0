"""All the files that follow from declarations: of the tasks, the verbs, the keys of ``mlops.yaml``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import click

from mlops_ci import __version__
from mlops_ci.cli.main import cli
from mlops_ci.faces.actions import action_of
from mlops_ci.faces.azure import name_of, task_of
from mlops_ci.faces.inputs import inputs_of
from mlops_ci.faces.keys import keys_page
from mlops_ci.faces.reference import reference_of
from mlops_ci.faces.task import Task
from mlops_ci.faces.tasks import TASKS
from mlops_ci.faces.verbs import verbs_page
from mlops_ci.resources import resource
from mlops_ci.workflows.shapes import examples

_AT_THE_TOP = "ci"


def generated(tasks: Iterable[Task] = TASKS, verbs: click.Group = cli) -> dict[str, str]:
    """The text of every generated file, by its path from the top of the repository."""
    declared = [(task, inputs_of(task, verbs)) for task in tasks]
    files = {"docs/tasks.md": reference_of(declared)}
    for task, inputs in declared:
        files[f"actions/{task.name}/action.yml"] = action_of(task, inputs)
        files[f"pipelines/tasks/{name_of(task)}/task.json"] = task_of(task, inputs, __version__)
        if task.name == _AT_THE_TOP:
            files["action.yml"] = action_of(task, inputs, root=True)
    return files


def everything() -> dict[str, str]:
    """All that is generated: also the references of verbs and keys, and the examples of workflows."""
    schema = json.loads(resource("schemas", "mlops.schema.json").read_bytes())
    return {**generated(), "docs/verbs.md": verbs_page(cli), "docs/keys.md": keys_page(schema), **examples()}


def stale(root: Path, files: dict[str, str]) -> list[str]:
    """The files that are not as they would be written now, and those that no task has any more."""
    wrong = [path for path, text in files.items() if not _says(root / path, text)]
    patterns = ("actions/*/action.yml", "pipelines/tasks/*/task.json", "examples/workflows/**/*.yml")
    there = [file for pattern in patterns for file in root.glob(pattern)]
    return wrong + [path for file in sorted(there) if (path := file.relative_to(root).as_posix()) not in files]


def write(root: Path, files: dict[str, str]) -> None:
    """Write them."""
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


def _says(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text("utf-8") == text
