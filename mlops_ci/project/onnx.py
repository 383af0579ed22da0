"""The section ``onnx`` of ``mlops.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlops_ci.project.durations import seconds
from mlops_ci.project.paths import normalise


@dataclass(frozen=True, slots=True)
class OnnxChoice:
    """How the model is converted; ``model`` is the file (None: the only one that can be), ``timeout`` in seconds."""

    model: str | None = None
    tolerance: float = 1e-5
    int8: bool = False
    timeout: float = 1800.0


def build_onnx(value: dict[str, Any]) -> OnnxChoice:
    """The section as a value; its form was checked by the schema."""
    model = value.get("model")
    return OnnxChoice(
        model=normalise(model) if model else None,
        tolerance=float(value.get("tolerance", 1e-5)),
        int8=value.get("int8", False),
        timeout=seconds(value.get("timeout", "30m")),
    )
