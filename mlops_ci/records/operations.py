"""The operations of a model's log by the names under which they are written."""

from __future__ import annotations

from typing import Any

from mlops_ci.records.codec import json_schema
from mlops_ci.records.entry import (
    Alias,
    Body,
    Collect,
    Converted,
    Delete,
    Deployed,
    Described,
    Envelope,
    Evaluated,
    Explained,
    Imaged,
    Judged,
    Link,
    Looks,
    Override,
    Protect,
    Register,
    Release,
    Revealed,
    Tag,
    Unalias,
)

OPERATIONS: dict[str, type[Body]] = {
    "register": Register,
    "link": Link,
    "evaluation": Evaluated,
    "verdict": Judged,
    "override": Override,
    "alias": Alias,
    "unalias": Unalias,
    "tag": Tag,
    "protect": Protect,
    "release": Release,
    "delete": Delete,
    "looks": Looks,
    "revealed": Revealed,
    "gc": Collect,
    "conversion": Converted,
    "explanation": Explained,
    "card": Described,
    "image": Imaged,
    "deployment": Deployed,
}


def entry_schema(op: str) -> dict[str, Any]:
    """The JSON Schema of an entry with this operation."""
    return {**json_schema(f"entry {op}", Envelope, OPERATIONS[op]), "properties": {"op": {"const": op}}}


def operation_of(body: Body) -> str:
    """The ``op`` under which a body is written."""
    return next(op for op, kind in OPERATIONS.items() if isinstance(body, kind))
