"""Tasks of Azure Pipelines: ``task.json``, as the extension of ``pipelines/`` carries it.

The fields are those of Microsoft's reference of custom tasks. A handler in Node, ``index.js``, hands the inputs to the
same command line.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid5

from mlops_ci.faces.inputs import Input, camel_case
from mlops_ci.faces.task import Task

# A task keeps its identity for ever: the name decides it.
_TASKS = UUID("6f2b1f5e-3f0a-5a53-9f6d-6d6c6f70732d")
_CONNECTION = "mlops-workspace"
_TYPES = {"boolean": "boolean", "choice": "pickList", "lines": "multiLine", "path": "filePath", "text": "string"}
# What few jobs need, folded away.
_ADVANCED = frozenset(
    {"host", "branch", "default-branch", "read-only", "force", "bundle", "bundle-digest", "working-directory"}
)


def name_of(task: Task) -> str:
    """``gate`` as ``MlopsGate``."""
    return "Mlops" + camel_case(f"x-{task.name}").removeprefix("x")


def task_of(task: Task, inputs: tuple[Input, ...], version: str) -> str:
    """The text of a ``task.json``."""
    name = name_of(task)
    major, minor, patch = map(int, version.split(".")[:3])
    declared: dict[str, Any] = {
        "id": str(uuid5(_TASKS, name)),
        "name": name,
        "friendlyName": task.title,
        "description": task.summary,
        "helpMarkDown": "Every input is an option of the command line: `mlops-ci "
        f"{task.declared_by} --help`. Results are output variables of the step's name.",
        "category": "Utility",
        "visibility": ["Build", "Release"],
        "runsOn": ["Agent"],
        "author": "mlops-ci",
        # MlopsCi@1 from the first release on, and never a smaller number: 0.4.2 is 1.4.2, and 1.0.0 is 1.100.0.
        "version": {"Major": max(major, 1), "Minor": 100 * major + minor, "Patch": patch},
        "minimumAgentVersion": "3.232.1",
        "instanceNameFormat": task.title,
        "groups": [{"name": "advanced", "displayName": "Advanced", "isExpanded": False}],
        "inputs": [_connection(), *(_declared(item) for item in inputs), _folder()],
    }
    if task.outputs:
        declared["outputVariables"] = [
            {"name": camel_case(output.name), "description": output.help} for output in task.outputs
        ]
    declared["execution"] = {"Node20_1": {"target": "index.js"}}
    return json.dumps(declared, indent=2, ensure_ascii=False) + "\n"


def _declared(item: Input) -> dict[str, Any]:
    declared: dict[str, Any] = {
        "name": item.camel_case,
        "type": _TYPES[item.kind],
        "label": item.name.replace("-", " ").capitalize(),
        "defaultValue": "false" if item.kind == "boolean" else "",
        "required": item.required,
        "helpMarkDown": item.help + (f" Default: {item.default}." if item.default else ""),
    }
    if item.choices:
        declared["options"] = {"": "as mlops.yaml says, or the default"} | {choice: choice for choice in item.choices}
    if item.name in _ADVANCED:
        declared["groupName"] = "advanced"
    return declared


def _connection() -> dict[str, Any]:
    return {
        "name": "workspaceConnection",
        "type": f"connectedService:{_CONNECTION}",
        "label": "Workspace connection",
        "defaultValue": "",
        "required": False,
        "helpMarkDown": "A service connection of the kind *workspace*: its place and credentials.",
    }


def _folder() -> dict[str, Any]:
    return {
        "name": "workingDirectory",
        "type": "filePath",
        "label": "Working directory",
        "defaultValue": "",
        "required": False,
        "helpMarkDown": "The folder to work in. Default: the checkout.",
        "groupName": "advanced",
    }
