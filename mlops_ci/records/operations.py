"""The operations of a model's log by the names under which they are written."""

from __future__ import annotations

from typing import Any

from mlops_ci.records import entry
from mlops_ci.records.codec import json_schema

OPERATIONS: dict[str, type[entry.Body]] = {
    "register": entry.Register,
    "link": entry.Link,
    "evaluation": entry.Evaluated,
    "verdict": entry.Judged,
    "override": entry.Override,
    "alias": entry.Alias,
    "unalias": entry.Unalias,
    "tag": entry.Tag,
    "protect": entry.Protect,
    "release": entry.Release,
    "delete": entry.Delete,
    "looks": entry.Looks,
    "revealed": entry.Revealed,
    "gc": entry.Collect,
    "conversion": entry.Converted,
    "explanation": entry.Explained,
    "card": entry.Described,
    "image": entry.Imaged,
    "deployment": entry.Deployed,
}


def entry_schema(op: str) -> dict[str, Any]:
    """The JSON Schema of an entry with this operation."""
    return {**json_schema(f"entry {op}", entry.Envelope, OPERATIONS[op]), "properties": {"op": {"const": op}}}


def operation_of(body: entry.Body) -> str:
    """The ``op`` under which a body is written."""
    return next(op for op, kind in OPERATIONS.items() if isinstance(body, kind))
