"""Teaches editors and check-jsonschema our tasks: ``python pipelines/schema.py AZURE_SCHEMA OUTPUT``.

Microsoft's schema of pipelines knows Microsoft's tasks only. This writes it anew, with those of the extension added as
it has its own: the name among the values of ``task``, and the inputs in a schema that the name selects.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def main() -> None:
    """Read, add, write."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    schema = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    output = Path(sys.argv[2])
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(with_our_tasks(schema)), "utf-8")


def with_our_tasks(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with our tasks added to its own."""
    task = schema["definitions"]["task"]
    for file in [*sorted(HERE.glob("tasks/*/task.json")), HERE / "download" / "task.json"]:
        declared = json.loads(file.read_text("utf-8"))
        name = f"{declared['name']}@{declared['version']['Major']}"
        described = {"description": declared["description"], "ignoreCase": "value"}
        task["properties"]["task"]["anyOf"].append({**described, "enum": [name]})
        task["anyOf"].append({
            "properties": {
                "task": {**described, "pattern": f"^{re.escape(name)}$"},
                "inputs": {
                    "description": f"{declared['friendlyName']} inputs",
                    "properties": {each["name"]: _input(each) for each in declared["inputs"]},
                    "additionalProperties": False,
                    "required": [each["name"] for each in declared["inputs"] if _has_to_be_given(each)],
                },
            },
            **({"required": ["inputs"]} if any(map(_has_to_be_given, declared["inputs"])) else {}),
        })  # fmt: skip
    return schema


def _has_to_be_given(declared: dict[str, Any]) -> bool:
    return bool(declared["required"]) and not declared["defaultValue"]


def _input(declared: dict[str, Any]) -> dict[str, Any]:
    described = {"description": declared["helpMarkDown"] or declared["label"], "ignoreCase": "key"}
    # What comes from a variable or a parameter is known only when the pipeline runs.
    later = {"type": "string", "pattern": r"^\$(\(.*\)|\[.*\]|\{\{.*\}\})$"}
    if choices := [choice for choice in declared.get("options", {}) if choice]:
        return described | {"anyOf": [{"enum": choices}, later]}
    if declared["type"] == "boolean":
        return described | {"anyOf": [{"type": "boolean"}, {"enum": ["true", "false"]}, later]}
    return described | {"type": ["string", "number"]}


if __name__ == "__main__":
    main()
