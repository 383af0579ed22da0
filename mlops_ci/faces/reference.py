"""``docs/tasks.md``: every task with its inputs in all spellings, and its outputs."""

from __future__ import annotations

from collections.abc import Iterable

from mlops_ci.faces.azure import name_of
from mlops_ci.faces.inputs import Input, camel_case
from mlops_ci.faces.task import Task

_INTRODUCTION = """\
# Actions and tasks

Written by `make generate`. Each is a verb of the [command line](command-line.md), and its inputs are the verb's
options. [Set-up](set-up.md) says what an action installs, and where.

All actions also take `token` (default: the job's own), `working-directory` (default: the top of the checkout) and
`cache` (default: `true`); all tasks `workspaceConnection` and `workingDirectory`. Several values are one a line. An
input that is left empty is not given: then `mlops.yaml` decides, or the default.
"""


def reference_of(tasks: Iterable[tuple[Task, tuple[Input, ...]]]) -> str:
    """The text of the page."""
    return _INTRODUCTION + "".join(_section(task, inputs) for task, inputs in tasks)


def _section(task: Task, inputs: tuple[Input, ...]) -> str:
    lines = [
        "",
        f"## {task.name}",
        "",
        f"{task.summary} GitHub: `actions/{task.name}`. Azure Pipelines: `{name_of(task)}@1`.",
        "",
        "| command line | GitHub | Azure | variable | |",
        "| --- | --- | --- | --- | --- |",
    ]
    for item in inputs:
        spellings = (item.flag, item.name, item.camel_case, item.variable)
        lines.append(f"| {' | '.join(f'`{spelling}`' for spelling in spellings)} | {_meaning(item)} |")
    if task.outputs:
        lines += ["", "| output on GitHub | on Azure | |", "| --- | --- | --- |"]
        lines += [f"| `{output.name}` | `{camel_case(output.name)}` | {output.help} |" for output in task.outputs]
    return "\n".join(lines) + "\n"


def _meaning(item: Input) -> str:
    parts = [item.help]
    if item.choices:
        parts.append(" or ".join(f"`{choice}`" for choice in item.choices) + ".")
    if item.required:
        parts.append("Required.")
    if item.default is not None:
        parts.append(f"Default: {item.default}.")
    return " ".join(part for part in parts if part).replace("|", "\\|")
