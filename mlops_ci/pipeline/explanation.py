"""The explanation of a model as a step of the pipeline that nobody has to write."""

from __future__ import annotations

import json
from posixpath import splitext

from mlops_ci.pipeline.model_step import with_model_step
from mlops_ci.project.explain import FOLDER, METRICS_OF, STEP, ExplainChoice, model_to_explain
from mlops_ci.project.project import GateChoice, Project

TOOL = "explainer"
BESIDE = ("converter",)
"""What it needs of ours: the converter knows how models are loaded and asked."""
RECORD = f"{FOLDER}/explanation.json"
PURPOSE = "explain"
_GRAPHS = (".onnx", ".pt", ".pth", ".pt2")
_PICKLES = (".pkl", ".pickle", ".joblib", ".skops")


def needed_to_explain(model: str, *tables: str) -> tuple[str, ...]:
    """What the explainer needs beside the model's own software, for files of these names."""
    needed = ["numpy>=1.22"]
    if splitext(model)[1].lower() in _GRAPHS:
        needed += ["onnx>=1.17", "onnxruntime>=1.20"]
    if any(table.lower().endswith(".parquet") for table in tables):
        needed.append("polars>=1.0")
    return tuple(needed)


def welcome_to_explain(model: str) -> tuple[str, ...]:
    """What may be of use to explain a model of this name, if it fits: a pickle can hold trees of scikit-learn."""
    # Without the bound on numba versions are tried that no wheel exists of.
    return ("shap>=0.46", "numba>=0.60") if splitext(model)[1].lower() in _PICKLES else ()


def metric_of(choice: ExplainChoice, task: str, gate: GateChoice | None) -> str:
    """What importance is measured by: what is asked for, or the first of the gate's that can be, or the usual one."""
    if choice.metric:
        return choice.metric
    known = METRICS_OF[task]
    calls = [rule.call.text for rule in gate.flat()] if gate else []
    return next((name for name in calls if name in known), known[0])


def files_read(project: Project) -> tuple[str, str, str] | None:
    """The files that an explanation reads: model, inputs and predictions; None where none is asked for."""
    choice, inputs, evaluation = project.explain, project.model.inputs, project.evaluation
    model = model_to_explain(choice, project.model.files) if choice else None
    if not (model and inputs and evaluation and evaluation.task in METRICS_OF and evaluation.predictions):
        return None
    return model, inputs.path, evaluation.predictions.path


def with_explanation(project: Project) -> Project:
    """The project with the step that explains its model, if it asks for that."""
    read, choice, evaluation = files_read(project), project.explain, project.evaluation
    if not (read and choice and evaluation and evaluation.predictions and evaluation.task):
        return project
    columns = project.model.inputs.columns if project.model.inputs else ()
    predictions, (model, rows, answers) = evaluation.predictions, read
    command = ["python", "-m", "mlops_ci.explainer", "--model", model, "--rows", rows]
    command += ["--columns", json.dumps(columns)] if columns else []
    command += ["--predictions", answers, "--id", predictions.id or "id", "--target", predictions.target]
    command += ["--task", evaluation.task, "--metric", metric_of(choice, evaluation.task, project.gate)]
    command += [f"--positive={_label(evaluation.positive)}"] if evaluation.positive is not None else []
    command += ["--explained", str(choice.rows), "--repeats", str(choice.repeats), "--sample", str(choice.sample)]
    command += ["--out", FOLDER]
    return with_model_step(
        project, STEP, command, tables=[rows, answers], folder=FOLDER, tool=TOOL, timeout=choice.timeout
    )


def _label(value: object) -> str:
    """A class as the explainer and the gate write it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
