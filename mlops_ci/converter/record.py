"""The JSON that is left behind: a ``Conversion`` as the registry stores it."""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path
from typing import Any

from mlops_ci.converter.exported import Exported
from mlops_ci.converter.parity import Difference

FORMAT = 1
TOOLS = (
    "onnx", "onnxruntime", "skl2onnx", "onnxmltools", "onnxscript", "scikit-learn", "lightgbm", "xgboost",
    "xgboost-cpu", "catboost", "torch", "numpy",
)  # fmt: skip
TYPES = {
    "tensor(double)": "float64",
    "tensor(float)": "float32",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(bool)": "bool",
    "tensor(string)": "string",
}


def empty_record(source: str, kind: str) -> dict[str, Any]:
    """The record of a model that has not been converted yet."""
    return {
        "format": FORMAT,
        "source": source,
        "kind": kind,
        "opset": None,
        "forms": [],
        "served": None,
        "fixes": [],
        "reason": None,
        "hint": None,
        "tools": _tools(),
        "attempt": None,
    }


def form_record(
    precision: str, file: Path, exported: Exported, session: Any, difference: Difference, speed: list[dict[str, Any]]
) -> dict[str, Any]:
    """The record of one ONNX file; types and shapes are those that ONNX Runtime tells."""
    data = file.read_bytes()
    told = {each.name: each for each in session.get_outputs()}
    return {
        "precision": precision,
        "file": {"path": file.name, "digest": f"sha256:{hashlib.sha256(data).hexdigest()}", "size": len(data)},
        "inputs": [
            {"name": each.name, "type": each.type, "shape": list(each.shape), "columns": list(each.columns)}
            for each in exported.inputs
        ],
        "outputs": [
            {
                "name": each.name,
                "role": each.role,
                "type": type_name(told[each.name].type),
                "shape": shape_of(told[each.name].shape, each.role, len(each.classes)),
                "classes": list(each.classes),
            }
            for each in exported.outputs
        ],
        "parity": difference.record(),
        "speed": speed,
    }


def type_name(told: str) -> str:
    """NumPy's name of an element type that ONNX Runtime tells."""
    return TYPES.get(told, told.removeprefix("tensor(").removesuffix(")"))


def shape_of(told: list[Any], role: str, classes: int) -> list[int | None]:
    """A shape with None for what is free; a score always has as many columns as there are classes."""
    shape = [size if isinstance(size, int) else None for size in told]
    if role == "score" and classes:
        return [None, classes]
    return [None, *shape[1:]]


def _tools() -> dict[str, str]:
    there = {each.metadata["Name"]: each.version for each in metadata.distributions() if each.metadata["Name"] in TOOLS}
    return dict(sorted(there.items()))
