"""The conversion to ONNX as a step of the pipeline that nobody has to write."""

from __future__ import annotations

import json

from mlops_ci.pipeline.model_step import with_model_step
from mlops_ci.project.onnx import FOLDER, STEP, model_to_convert
from mlops_ci.project.project import Project

TOOL = "converter"
RECORD = f"{FOLDER}/conversion.json"
INT8_ANSWERS = f"{FOLDER}/int8_predictions.json"
"""What the int8 form answers to every row of ``model.inputs``: see :mod:`mlops_ci.converter.predictions`."""
PURPOSE = "onnx"
_CONVERTERS = ("onnx>=1.17", "onnxruntime>=1.20", "skl2onnx>=1.18")
_CATBOOST, _TORCH = "onnxmltools>=1.14", "onnxscript>=0.3"
_MAY_BE_CATBOOST = (".pkl", ".pickle", ".joblib")  # what is in a pickle is known when it is too late


def converters_for(model: str, rows: str, *, installs: bool) -> tuple[str, ...]:
    """What the converter needs beside the model's own software, for a model of this name, and to read these rows.

    ``installs``: it is installed for that; else it has to be there already, and nothing is asked for that only few
    models need.
    """
    needed = list(_CONVERTERS)
    name = model.lower()
    if name.endswith(".cbm") or (installs and name.endswith(_MAY_BE_CATBOOST)):
        needed.append(_CATBOOST)
    if name.endswith(".pt2"):
        needed.append(_TORCH)
    if rows.lower().endswith(".parquet"):
        needed.append("polars>=1.0")
    return tuple(needed)


def with_conversion(project: Project) -> Project:
    """The project with the step that converts its model, if it asks for that."""
    choice, inputs = project.onnx, project.model.inputs
    model = model_to_convert(choice, project.model.files) if choice else None
    if choice is None or inputs is None or model is None:
        return project
    rows = ["--rows", inputs.path, *(["--columns", json.dumps(inputs.columns)] if inputs.columns else [])]
    command = ["python", "-m", "mlops_ci.converter", "convert", "--model", model, *rows]
    command += ["--out", FOLDER, "--tolerance", repr(choice.tolerance), *(["--int8"] if choice.int8 else [])]
    return with_model_step(
        project, STEP, command, tables=[inputs.path], folder=FOLDER, tool=TOOL, timeout=choice.timeout
    )
