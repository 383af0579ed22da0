"""scikit-learn estimators and pipelines, with LightGBM's and XGBoost's estimators in them."""

from __future__ import annotations

import re
import warnings
from typing import Any

import onnx
from onnx import TensorProto

from mlops_ci.converter import sklearn_answers
from mlops_ci.converter.catboost_trees import refuse_categories
from mlops_ci.converter.emitter import ML, ML_OPSET, OPSET
from mlops_ci.converter.exported import Exported, Input, Original, Output
from mlops_ci.converter.renaming import rename_outputs, widen_inputs
from mlops_ci.converter.sklearn_inputs import last_step, plan
from mlops_ci.converter.sklearn_registry import register_ours
from mlops_ci.converter.table import Table
from mlops_ci.converter.trouble import BrokenInputError, NotConvertibleError, one_line


def takes(model: Any) -> bool:
    """Whether this is such a model."""
    return hasattr(model, "get_params") and (hasattr(model, "predict") or hasattr(model, "transform"))


def original(model: Any, rows: Table) -> Original:
    """How the original is called."""
    return sklearn_answers.original(model, plan(model, rows))


def export(model: Any, rows: Table, *, single: bool = False) -> Exported:
    """Convert it; the graph computes in float64 as the original does, or in float32 if ``single``.

    Raises:
        NotConvertibleError: some step of it has no counterpart.
    """
    try:
        import skl2onnx
        from skl2onnx.common import data_types
    except ImportError as error:
        raise BrokenInputError(f"skl2onnx is not installed here: {one_line(error)}") from error
    chosen = plan(model, rows)
    outputs = sklearn_answers.describe(model)
    refuse_categories(last_step(model))
    _settle_votes(model)
    number = data_types.FloatTensorType if single else data_types.DoubleTensorType
    types = [
        (each.name, (data_types.StringTensorType if each.type == "string" else number)(list(each.shape)))
        for each in chosen.inputs
    ]
    fixes = register_ours(number)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = skl2onnx.to_onnx(
                model,
                initial_types=types,
                name="model",
                options=_options(model),
                target_opset={"": OPSET, ML: ML_OPSET},
                black_op={"LinearClassifier", "LinearRegressor"},  # they know float32 only
            )
    except NotConvertibleError:
        raise
    except Exception as error:  # skl2onnx raises whatever its converters meet
        raise NotConvertibleError(_blame(model, error)) from error
    graph = _finished(made, chosen.inputs, outputs, TensorProto.FLOAT if single else TensorProto.DOUBLE)
    return Exported(graph, chosen.inputs, outputs[: len(graph.graph.output)], tuple(fixes))


def _finished(
    made: onnx.ModelProto, inputs: tuple[Input, ...], outputs: tuple[Output, ...], inside: int
) -> onnx.ModelProto:
    made.producer_version = ""
    del made.metadata_props[:]
    rename_outputs(made, [output.name for output in outputs])
    widen_inputs(made, inputs, inside)
    return made


def _settle_votes(model: Any) -> None:
    # It decides the shape of VotingClassifier.transform only, and skl2onnx refuses its default.
    for each in (model, last_step(model)):
        if getattr(each, "flatten_transform", None):
            each.flatten_transform = False


def _options(model: Any) -> dict[int, dict[str, Any]]:
    options: dict[int, dict[str, Any]] = {}
    last = last_step(model)
    if sklearn_answers.classifies(model):
        options[id(model)] = {"zipmap": False}
        options[id(last)] = {"zipmap": False}
        if not hasattr(model, "predict_proba") and hasattr(last, "decision_function"):
            from skl2onnx._supported_operators import sklearn_operator_name_map
            from skl2onnx.common._registration import _converter_pool

            known = _converter_pool.get(sklearn_operator_name_map.get(type(last)))
            if known is not None and "raw_scores" in (known.get_allowed_options() or {}):
                options[id(last)] = {"zipmap": False, "raw_scores": True}
    return options


def _blame(model: Any, error: Exception) -> str:
    found = re.search(r"<class '([^']+)'>", str(error))
    if type(error).__name__ in ("MissingShapeCalculator", "MissingConverter") and found:
        return f"there is no converter for {found.group(1).rpartition('.')[2]}"
    culprit, frame = model, error.__traceback__
    while frame is not None:  # the innermost operator that was being converted
        culprit = getattr(frame.tb_frame.f_locals.get("operator"), "raw_operator", None) or culprit
        frame = frame.tb_next
    return f"{type(culprit).__name__}: {one_line(error)}"
