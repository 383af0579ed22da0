"""A large OpenAPI document, cut down to a few operations."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tests.parts.github.npm import package, parts_folder

Operation = tuple[str, str]
"""A method in lower case, and the template of a path."""

SERVER = "http://api"
"""What requests are addressed to where they are compared with the contract."""


def contract_document(operations: Collection[Operation]) -> dict[str, Any]:
    """GitHub's contract of these operations, kept beside the package it was cut from."""
    folder, version = package("@octokit/openapi")
    made_by = Path(__file__).read_text("utf-8")  # what is kept from another way of pruning is no use
    key = hashlib.sha256(json.dumps([made_by, version, sorted(operations)]).encode()).hexdigest()[:16]
    kept = parts_folder() / f"github-openapi-{version}-{key}.json"
    if kept.is_file():
        document: dict[str, Any] = json.loads(kept.read_text("utf-8"))
        return document
    whole = json.loads((folder / "generated" / "api.github.com.json").read_text("utf-8"))
    document = pruned(whole, operations)
    ours = kept.with_suffix(f".{os.getpid()}")  # other workers may do the same now
    ours.write_text(json.dumps(document), "utf-8")
    ours.replace(kept)
    return document


def pruned(document: dict[str, Any], operations: Collection[Operation]) -> dict[str, Any]:
    """A document with these operations and the components that they refer to, directly or not."""
    paths: dict[str, Any] = {}
    for method, path in operations:
        paths.setdefault(path, {})[method] = document["paths"][path][method]
    components: dict[str, dict[str, Any]] = {}
    open_ends: list[Any] = [paths, {"$ref": "#/components/schemas/basic-error"}]
    while open_ends:
        node = open_ends.pop()
        if isinstance(node, list):
            open_ends.extend(node)
        elif isinstance(node, dict):
            open_ends.extend(node.values())
            if isinstance(reference := node.get("$ref"), str):
                _, _, kind, name = reference.split("/")
                if name not in components.setdefault(kind, {}):
                    components[kind][name] = document["components"][kind][name]
                    open_ends.append(components[kind][name])
    _mend(paths)
    _mend(components)
    return {
        "openapi": document["openapi"],
        "info": document["info"],
        "servers": [{"url": SERVER}],
        "paths": paths,
        "components": components,
    }


def _mend(node: Any) -> None:
    """Mend what GitHub's document says against itself, and GitHub does.

    Null is among the values of what is nullable; an address that is empty by default may be empty.
    """
    if isinstance(node, dict):
        if node.get("format") == "uri" and node.get("default") == "":
            del node["format"]
        values = node.get("enum")
        if node.get("nullable") is True and isinstance(values, list) and None not in values:
            values.append(None)
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _mend(each)


def resolved(document: dict[str, Any], node: Any) -> Any:
    """A node of a document, or what it refers to."""
    while isinstance(node, dict) and isinstance(reference := node.get("$ref"), str):
        node = document
        for name in reference.removeprefix("#/").split("/"):
            node = node[name]
    return node
