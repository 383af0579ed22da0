"""A metric of the user's own as a step that nobody has to write."""

from __future__ import annotations

import shlex

from mlops_ci.project.project import CustomMetric, Output, PredictionsFile, Step

TOOL = "custom"
FOLDER = ".mlops-ci/custom"
RESULT, VALUES = "result.json", "values.f64"
PURPOSE = "custom metrics"
NEEDED = ("numpy>=1.22", "polars>=1.0")
"""What calling a function needs beside the user's own software."""
_TIMEOUT = 1800.0


def custom_step(metric: CustomMetric, predictions: PredictionsFile) -> Step:
    """The step that calls a function on predictions: it reads its file and the predictions, and no more."""
    command = ["python", "-m", "mlops_ci.custom", "--function", f"{metric.file}:{metric.function}"]
    command += ["--predictions", predictions.path, "--out", folder_of(metric)]
    command += ["--id", predictions.id] if predictions.id else []
    command += ["--group", predictions.group] if predictions.group else []
    return Step(
        name=f"metric-{metric.function}",
        run=shlex.join(command),
        inputs=(metric.file, predictions.path),
        data=(),
        params=(),
        env=(),
        timeout=_TIMEOUT,
        outputs=(Output(folder_of(metric), store=None),),
        tool=TOOL,
    )


def folder_of(metric: CustomMetric) -> str:
    """Where a function's step leaves what it says."""
    return f"{FOLDER}/{metric.function}"
