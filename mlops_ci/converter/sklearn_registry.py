"""Our own converters of estimators, where skl2onnx has none or computes in float32 what the original does not."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto

from mlops_ci.converter import catboost_trees, lightgbm_trees, sklearn_trees, xgboost_trees
from mlops_ci.converter.emitter import PipelineEmitter, cast
from mlops_ci.converter.encoders import emit_hist_columns
from mlops_ci.converter.links import TreeModel, emit_classes, emit_values
from mlops_ci.converter.sklearn_answers import classifies
from mlops_ci.converter.sklearn_linear import CLASSIFIER_OPTIONS, finish_classifier, register_linear
from mlops_ci.converter.sklearn_transformers import register_transformers

Reader = Callable[[Any], TreeModel]


def _mean(model: Any) -> TreeModel:
    forest = sklearn_trees.read_trees(model)
    classes = _classes(model)
    return TreeModel(forest, "none" if classes is None else "share", classes)


def _boosted(model: Any) -> TreeModel:
    forest = sklearn_trees.read_boosted(model)
    classes = _classes(model)
    if classes is None:
        return TreeModel(forest, "none")
    slope = 2.0 if model.loss == "exponential" else 1.0
    link = "logistic" if len(classes) == 2 else "softmax"
    return TreeModel(forest, link, classes, slope=slope, zero_is_positive=True)


def _adaptive(model: Any) -> TreeModel:
    return TreeModel(sklearn_trees.read_adaptive(model), "softmax", _classes(model))


def _hist(model: Any) -> TreeModel:
    forest = sklearn_trees.read_hist(model)
    classes = _classes(model)
    if classes is None:
        return TreeModel(forest, "exp" if model.loss in ("poisson", "gamma") else "none")
    return TreeModel(forest, "logistic" if len(classes) == 2 else "softmax", classes)


def _lightgbm(model: Any) -> TreeModel:
    return lightgbm_trees.read_lightgbm(model.booster_, _classes(model))


def _xgboost(model: Any) -> TreeModel:
    stopped = getattr(model, "best_iteration", None) if getattr(model, "early_stopping_rounds", None) else None
    missing = float("nan") if model.missing is None else float(model.missing)
    rounds = None if stopped is None else int(stopped) + 1
    return xgboost_trees.read_xgboost(model.get_booster(), _classes(model), missing=missing, rounds=rounds)


def _catboost(model: Any) -> TreeModel:
    return catboost_trees.read_catboost(model, _classes(model))


def _classes(model: Any) -> tuple[Any, ...] | None:
    return tuple(np.asarray(model.classes_).tolist()) if classifies(model) else None


OURS: tuple[tuple[str, str, Reader], ...] = (
    *(
        (module, f"{name}{role}", _mean)
        for module, name in (
            ("sklearn.tree", "DecisionTree"),
            ("sklearn.tree", "ExtraTree"),
            ("sklearn.ensemble", "RandomForest"),
            ("sklearn.ensemble", "ExtraTrees"),
        )
        for role in ("Classifier", "Regressor")
    ),
    *(("sklearn.ensemble", f"GradientBoosting{role}", _boosted) for role in ("Classifier", "Regressor")),
    *(("sklearn.ensemble", f"HistGradientBoosting{role}", _hist) for role in ("Classifier", "Regressor")),
    ("sklearn.ensemble", "AdaBoostClassifier", _adaptive),
    *(("lightgbm", name, _lightgbm) for name in ("LGBMClassifier", "LGBMRegressor", "LGBMRanker")),
    *(
        ("xgboost", name, _xgboost)
        for name in ("XGBClassifier", "XGBRegressor", "XGBRanker", "XGBRFClassifier", "XGBRFRegressor")
    ),
    *(("catboost", name, _catboost) for name in ("CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker")),
)


def register_ours(number: Any) -> list[str]:
    """Tell skl2onnx of our converters, for the libraries that are installed.

    Args:
        number: the class of skl2onnx's tensors of numbers in this graph.

    Returns:
        A list to which they add what they do to make answers equal.
    """
    fixes: list[str] = []
    register_transformers(fixes, number)
    register_linear(number)
    from skl2onnx import update_registered_converter
    from skl2onnx.common import shape_calculator

    for module, name, reader in OURS:
        if module.partition(".")[0] not in sys.modules:  # a model has imported the library that it is of
            continue
        try:
            estimator = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            continue
        has_classes = name.endswith("Classifier")
        update_registered_converter(
            estimator,
            f"Ours{name}",
            shape_calculator.calculate_linear_classifier_output_shapes
            if has_classes
            else shape_calculator.calculate_linear_regressor_output_shapes,
            _converter(reader, fixes),
            options=CLASSIFIER_OPTIONS if has_classes else None,
            parser=_two_outputs(f"Ours{name}", number) if name == "CatBoostClassifier" else None,
        )
    return fixes


def _two_outputs(alias: str, number: Any) -> Callable[..., Any]:
    """What skl2onnx does for classifiers that are scikit-learn's, for one that is not."""

    def parse(scope: Any, model: Any, inputs: Any, **_: Any) -> Any:
        from skl2onnx.common.data_types import Int64TensorType

        operator = scope.declare_local_operator(alias, model)
        operator.inputs.extend(inputs)
        for name, kind in (("label", Int64TensorType()), ("probabilities", number())):
            operator.outputs.append(scope.declare_local_variable(name, kind))
        return operator.outputs

    return parse


def _converter(reader: Reader, fixes: list[str]) -> Callable[[Any, Any, Any], None]:
    def convert(scope: Any, operator: Any, container: Any) -> None:
        from skl2onnx.common.data_types import guess_proto_type

        emit = PipelineEmitter(scope, container)
        model = reader(operator.raw_operator)
        fixes.extend(fix for fix in model.forest.fixes if fix not in fixes)
        x = cast(emit, operator.inputs[0].full_name, TensorProto.DOUBLE)
        if getattr(operator.raw_operator, "_preprocessor", None) is not None:
            x = emit_hist_columns(emit, x, operator.raw_operator)
        if model.classes is None:
            to = guess_proto_type(operator.outputs[0].type)
            emit.node("Cast", [emit_values(emit, x, model)], [operator.outputs[0].full_name], to=to)
            return
        finish_classifier(emit, operator, container, emit_classes(emit, x, model))

    return convert
