"""Tells skl2onnx of our own encoders, imputers and vectorisers, and of the isolation forest."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

from mlops_ci.converter import encoders, texts
from mlops_ci.converter.emitter import PipelineEmitter, cast
from mlops_ci.converter.sklearn_trees import read_isolation
from mlops_ci.converter.trees import emit_forest


def register_transformers(fixes: list[str], number: Any) -> None:
    """Register them.

    Args:
        fixes: what they do to make answers equal is added to it.
        number: the class of skl2onnx's tensors of numbers in this graph.
    """
    from skl2onnx import update_registered_converter
    from skl2onnx.common.data_types import Int64TensorType, StringTensorType, guess_proto_type
    from sklearn.ensemble import IsolationForest
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

    def note(fix: str) -> None:
        if fix not in fixes:
            fixes.append(fix)

    def finish(emit: PipelineEmitter, name: str, operator: Any) -> None:
        emit.node("Cast", [name], [operator.outputs[0].full_name], to=guess_proto_type(operator.outputs[0].type))

    def encode(scope: Any, operator: Any, container: Any) -> None:
        if any(isinstance(variable.type, StringTensorType) for variable in operator.inputs):
            note(encoders.FIX)
        emit = PipelineEmitter(scope, container)
        finish(emit, encoders.emit_encoder(emit, operator), operator)

    def encoded(operator: Any) -> None:
        encoder = operator.raw_operator
        operator.outputs[0].type = number([None, sum(getattr(encoder, "_n_features_outs", [1] * len(encoder.categories_)))])

    def impute(scope: Any, operator: Any, container: Any) -> None:
        emit = PipelineEmitter(scope, container)
        name, is_text = encoders.emit_imputer(emit, operator)
        if is_text:
            note(encoders.FIX)
            emit.node("Identity", [name], [operator.outputs[0].full_name])
        else:
            finish(emit, name, operator)

    def imputed(operator: Any) -> None:
        is_text = isinstance(operator.inputs[0].type, StringTensorType)
        shape = [None, encoders.imputed_width(operator.raw_operator)]
        operator.outputs[0].type = StringTensorType(shape) if is_text else number(shape)

    def vectorise(scope: Any, operator: Any, container: Any) -> None:
        note(texts.FIX)
        emit = PipelineEmitter(scope, container)
        finish(emit, texts.emit_vectorizer(emit, operator.inputs[0].full_name, operator.raw_operator), operator)

    def vectorised(operator: Any) -> None:
        operator.outputs[0].type = number([None, len(operator.raw_operator.vocabulary_)])

    def isolate(scope: Any, operator: Any, container: Any) -> None:
        model = operator.raw_operator
        emit = PipelineEmitter(scope, container)
        x = cast(emit, operator.inputs[0].full_name, TensorProto.DOUBLE)
        forest = read_isolation(model)
        for fix in forest.fixes:
            note(fix)
        _, length = emit_forest(emit, x, forest)
        from sklearn.ensemble._iforest import _average_path_length

        usual = float(_average_path_length([model._max_samples])[0])
        exponent = emit.node("Div", [length, emit.constant(np.array(-usual))])[0]
        score = emit.node("Pow", [emit.constant(np.array(2.0)), exponent])[0]
        # decision_function is -score - offset_; below 0 is an outlier
        decision = emit.node("Sub", [emit.constant(np.array(-model.offset_)), score])[0]
        outlier = emit.node("Less", [decision, emit.constant(np.array(0.0))])[0]
        label = emit.node("Where", [outlier, emit.constant(np.array(-1)), emit.constant(np.array(1))])[0]
        emit.node("Identity", [label], [operator.outputs[0].full_name])
        emit.node("Cast", [decision], [operator.outputs[1].full_name], to=guess_proto_type(operator.outputs[1].type))

    def isolated(operator: Any) -> None:
        operator.outputs[0].type = Int64TensorType([None, 1])
        operator.outputs[1].type = number([None, 1])

    for estimator, shape, converter in (
        (OneHotEncoder, encoded, encode),
        (OrdinalEncoder, encoded, encode),
        (SimpleImputer, imputed, impute),
        (CountVectorizer, vectorised, vectorise),
        (TfidfVectorizer, vectorised, vectorise),
        (IsolationForest, isolated, isolate),
    ):
        options = {"score_samples": [True, False]} if estimator is IsolationForest else None
        update_registered_converter(estimator, f"Ours{estimator.__name__}", shape, converter, options=options)
