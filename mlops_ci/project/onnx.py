"""The section ``onnx`` of ``mlops.yaml``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from posixpath import splitext
from typing import Any

from mlops_ci.project.durations import seconds
from mlops_ci.project.paths import normalise

STEP = "onnx"
FOLDER = ".mlops-ci/onnx"
"""Where the step of this name leaves what it makes."""
_CONVERTIBLE = (
    ".pkl", ".pickle", ".joblib", ".skops", ".txt", ".lgb", ".json", ".ubj", ".cbm", ".onnx", ".pt", ".pt2",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OnnxChoice:
    """How the model is converted; ``model`` is the file (None: the only one that can be), ``timeout`` in seconds."""

    model: str | None = None
    tolerance: float = 1e-5
    int8: bool = False
    timeout: float = 1800.0


def model_to_convert(choice: OnnxChoice, files: Sequence[str]) -> str | None:
    """The file that is converted: the one named, or the only one whose name says that it can be; else None."""
    if choice.model:
        return choice.model
    found = [path for path in files if splitext(path)[1].lower() in _CONVERTIBLE]
    return found[0] if len(found) == 1 else None


def build_onnx(value: dict[str, Any]) -> OnnxChoice:
    """The section as a value; its form was checked by the schema."""
    model = value.get("model")
    return OnnxChoice(
        model=normalise(model) if model else None,
        tolerance=float(value.get("tolerance", 1e-5)),
        int8=value.get("int8", False),
        timeout=seconds(value.get("timeout", "30m")),
    )
