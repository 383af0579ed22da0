"""``task.json`` against Microsoft's reference of custom tasks.

https://learn.microsoft.com/azure/devops/extend/develop/integrate-build-task
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from mlops_ci import __version__
from mlops_ci.faces.azure import task_of
from mlops_ci.faces.generate import generated
from mlops_ci.faces.inputs import inputs_of
from mlops_ci.faces.tasks import TASKS

FILES = {path: json.loads(text) for path, text in generated().items() if path.endswith("task.json")}
NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
TYPES = {"boolean", "filePath", "multiLine", "pickList", "radio", "secureFile", "string"}
KNOWN = {
    "id", "name", "friendlyName", "description", "helpMarkDown", "category", "visibility", "runsOn", "author",
    "version", "minimumAgentVersion", "instanceNameFormat", "groups", "inputs", "outputVariables", "execution",
}  # fmt: skip
OF_INPUT = {"name", "type", "label", "defaultValue", "required", "helpMarkDown", "options", "groupName"}
each = pytest.mark.parametrize("task", FILES.values(), ids=lambda task: task["name"])


@each
def test_its_fields_are_known_and_as_long_as_they_may_be(task: dict[str, Any]) -> None:
    assert set(task) <= KNOWN
    assert UUID(task["id"]).version == 5
    assert NAME.fullmatch(task["name"])
    assert len(task["friendlyName"]) <= 40
    assert task["category"] == "Utility"
    assert set(task["version"]) == {"Major", "Minor", "Patch"}
    assert all(isinstance(number, int) for number in task["version"].values())
    assert re.fullmatch(r"\d+\.\d+\.\d+", task["minimumAgentVersion"])
    assert task["execution"] == {"Node20_1": {"target": "index.js"}}


@each
def test_its_inputs_are_well_formed(task: dict[str, Any]) -> None:
    groups = {group["name"] for group in task["groups"]}
    for given in task["inputs"]:
        assert set(given) <= OF_INPUT
        assert NAME.fullmatch(given["name"])
        assert given["type"] in TYPES or re.fullmatch("connectedService:.+", given["type"])
        assert isinstance(given["required"], bool)
        assert isinstance(given["defaultValue"], str)
        assert given.get("groupName") in {None, *groups}
        assert (given["type"] == "pickList") == ("options" in given)
        assert given["defaultValue"] in given.get("options", {given["defaultValue"]: ""})
    assert max(Counter(given["name"].lower() for given in task["inputs"]).values()) == 1


@each
def test_its_outputs_are_variables(task: dict[str, Any]) -> None:
    for output in task.get("outputVariables", ()):
        assert set(output) == {"name", "description"}
        assert NAME.fullmatch(output["name"])


def test_a_task_keeps_its_identity_and_no_two_share_one() -> None:
    identities = {task["name"]: task["id"] for task in FILES.values()}
    assert len(set(identities.values())) == len(identities) == len(TASKS)
    assert identities["MlopsCi"] == "9f78d6d9-1c56-5441-803f-1d4e1fdf7a09"


def test_versions_only_grow() -> None:
    task = TASKS[0]
    numbers = [
        tuple(json.loads(task_of(task, inputs_of(task), version))["version"].values())
        for version in ("0.1.0", "0.4.2", "1.0.0", "1.2.0", "2.0.0", "2.0.1")
    ]
    assert numbers == sorted(numbers)
    assert __version__.count(".") == 2
