"""The section ``explain`` of ``mlops.yaml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_ci.project.durations import seconds
from mlops_ci.project.onnx import OnnxChoice, model_to_convert
from mlops_ci.project.paths import normalise

STEP = "explain"
FOLDER = ".mlops-ci/explain"
"""Where the step of this name leaves what it makes."""
METRICS_OF: Mapping[str, tuple[str, ...]] = {
    "binary": ("roc_auc", "pr_auc", "log_loss", "brier", "accuracy", "balanced_accuracy", "precision", "recall", "f1"),
    "multiclass": ("accuracy", "balanced_accuracy", "log_loss", "brier"),
    "regression": ("rmse", "mae", "r2"),
}
"""What importance can be measured by, for each task that can be explained; the first is its default."""


@dataclass(frozen=True, slots=True)
class ExplainChoice:
    """How the model is explained.

    ``model`` is the file (None: the only one that can be), ``metric`` None for that of the gate. ``rows`` are
    explained, each column is shuffled ``repeats`` times on at most ``sample`` rows; ``timeout`` is in seconds.
    """

    model: str | None = None
    metric: str | None = None
    rows: int = 5
    repeats: int = 5
    sample: int = 5000
    timeout: float = 1800.0


def model_to_explain(choice: ExplainChoice, files: Sequence[str]) -> str | None:
    """The file that is explained: the one named, or the only one whose name says that it can be loaded; else None."""
    return model_to_convert(OnnxChoice(choice.model), files)


def build_explain(value: dict[str, Any]) -> ExplainChoice:
    """The section as a value; its form was checked by the schema."""
    model = value.get("model")
    return ExplainChoice(
        model=normalise(model) if model else None,
        metric=value.get("metric"),
        rows=value.get("rows", 5),
        repeats=value.get("repeats", 5),
        sample=value.get("sample", 5000),
        timeout=seconds(value.get("timeout", "30m")),
    )
