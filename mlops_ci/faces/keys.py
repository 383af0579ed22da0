"""``docs/keys.md``: every key of ``mlops.yaml``, from its schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_INTRODUCTION = """\
# Keys of mlops.yaml

Written by `make generate` from [the schema](../schemas/mlops.schema.json); [mlops.yaml](mlops-yaml.md) explains them.
`NAME` stands for a name of your own, `[]` for each item of a list.
"""
_BRANCHES = ("oneOf", "anyOf")
_TYPES = {"object": "mapping", "array": "list", "string": "text", "integer": "whole number", "boolean": "true or false"}


def keys_page(schema: Mapping[str, Any]) -> str:
    """The text of the page: a section for each key at the top."""
    lines = [_INTRODUCTION]
    for name, value in schema["properties"].items():
        lines += [f"## {name}", "", _sentence(schema, value), ""]
        rows = [_row(schema, path, found) for path, found in _below(schema, value, name)]
        if rows:
            lines += ["| key | value | |", "| --- | --- | --- |", *dict.fromkeys(rows), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _below(schema: Mapping[str, Any], node: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The keys below a node with their paths, in the order of the schema."""
    node = _resolved(schema, node)
    for name, value in node.get("properties", {}).items():
        yield f"{path}.{name}", value
        yield from _below(schema, value, f"{path}.{name}")
    named, items = node.get("additionalProperties"), node.get("items")
    if isinstance(named, Mapping):
        yield from _below(schema, named, f"{path}.NAME")
    if isinstance(items, Mapping):
        yield from _below(schema, items, f"{path}[]")
    for branch in (branch for key in _BRANCHES for branch in node.get(key, ())):
        yield from _below(schema, branch, path)


def _row(schema: Mapping[str, Any], path: str, value: Mapping[str, Any]) -> str:
    return f"| `{path}` | {_escaped(_kind(schema, value))} | {_escaped(_sentence(schema, value))} |"


def _sentence(schema: Mapping[str, Any], value: Mapping[str, Any]) -> str:
    text = value.get("description") or _resolved(schema, value).get("description") or ""
    default = value.get("default")
    if default is not None and "default" not in text.lower():
        shown = str(default).lower() if isinstance(default, bool) else default
        text = f"{text} Default: {shown}.".strip()
    return str(text)


def _kind(schema: Mapping[str, Any], value: Mapping[str, Any]) -> str:
    """What a value may be, for people."""
    node = _resolved(schema, value)
    if "enum" in node:
        return " or ".join(f"`{choice}`" for choice in node["enum"])
    if "const" in node:
        return f"`{node['const']}`"
    branches = [branch for key in _BRANCHES for branch in node.get(key, ())]
    if branches:
        return " or ".join(dict.fromkeys(_kind(schema, branch) for branch in branches))
    kinds = node.get("type", ())
    return " or ".join(_TYPES.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _resolved(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """A node, or what it refers to."""
    while "$ref" in node:
        found: Any = schema
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")
