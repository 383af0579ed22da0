"""Tells skl2onnx of our own linear classifiers, support vector machines and polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

from mlops_ci.converter import linear
from mlops_ci.converter.emitter import PipelineEmitter, cast
from mlops_ci.converter.links import emit_labels

CLASSIFIER_OPTIONS = {
    "zipmap": [True, False, "columns"],
    "raw_scores": [True, False],
    "output_class_labels": [False, True],
    "nocl": [True, False],
}


def register_linear(number: Any) -> None:
    """Register them; ``number`` is the class of skl2onnx's tensors of numbers in this graph."""
    from skl2onnx import update_registered_converter
    from skl2onnx.common import shape_calculator
    from skl2onnx.common.data_types import Int64TensorType, guess_numpy_type
    from sklearn import linear_model, preprocessing, svm

    def numbers(operator: Any) -> tuple[Any, int]:
        dtype = np.float64 if guess_numpy_type(operator.inputs[0].type) == np.float64 else np.float32
        return dtype, TensorProto.DOUBLE if dtype == np.float64 else TensorProto.FLOAT

    def classify(scope: Any, operator: Any, container: Any) -> None:
        emit, (dtype, kind) = PipelineEmitter(scope, container), numbers(operator)
        x = cast(emit, operator.inputs[0].full_name, kind)
        finish_classifier(emit, operator, container, linear.emit_linear_classifier(emit, x, operator.raw_operator, dtype))

    def regress(scope: Any, operator: Any, container: Any) -> None:
        emit, (dtype, kind) = PipelineEmitter(scope, container), numbers(operator)
        x = cast(emit, operator.inputs[0].full_name, kind)
        emit.node("Identity", [linear.emit_kernel_sum(emit, x, operator.raw_operator, dtype)], [operator.outputs[0].full_name])

    def detect(scope: Any, operator: Any, container: Any) -> None:
        emit, (dtype, kind) = PipelineEmitter(scope, container), numbers(operator)
        x = cast(emit, operator.inputs[0].full_name, kind)
        sums = linear.emit_kernel_sum(emit, x, operator.raw_operator, dtype)
        outlier = emit.node("LessOrEqual", [sums, emit.constant(np.array(0, dtype))])[0]
        names = [output.full_name for output in operator.outputs]
        emit.node("Where", [outlier, emit.constant(np.array(-1)), emit.constant(np.array(1))], names[:1])
        emit.node("Identity", [sums], names[1:])

    def detected(operator: Any) -> None:
        operator.outputs[0].type = Int64TensorType([None, 1])
        operator.outputs[1].type = number([None, 1])

    def expand(scope: Any, operator: Any, container: Any) -> None:
        emit, (dtype, kind) = PipelineEmitter(scope, container), numbers(operator)
        x = cast(emit, operator.inputs[0].full_name, kind)
        emit.node("Identity", [linear.emit_polynomial(emit, x, operator.raw_operator, dtype)], [operator.outputs[0].full_name])

    def expanded(operator: Any) -> None:
        operator.outputs[0].type = number([None, len(operator.raw_operator.powers_)])

    classified = shape_calculator.calculate_linear_classifier_output_shapes
    for estimator in (
        linear_model.LogisticRegression, linear_model.LogisticRegressionCV, linear_model.RidgeClassifier,
        linear_model.RidgeClassifierCV, linear_model.Perceptron, svm.LinearSVC,
    ):  # fmt: skip
        name = f"Ours{estimator.__name__}"
        update_registered_converter(estimator, name, classified, classify, options=CLASSIFIER_OPTIONS)
    for estimator in (svm.SVR, svm.NuSVR):
        shape = shape_calculator.calculate_linear_regressor_output_shapes
        update_registered_converter(estimator, f"Ours{estimator.__name__}", shape, regress)
    update_registered_converter(svm.OneClassSVM, "OursOneClassSVM", detected, detect)
    update_registered_converter(preprocessing.PolynomialFeatures, "OursPolynomialFeatures", expanded, expand)


def finish_classifier(emit: PipelineEmitter, operator: Any, container: Any, found: tuple[str, str, str]) -> None:
    """Emit labels and scores under the names, and in the form, that the rest of the pipeline asks for."""
    from skl2onnx.common.data_types import guess_proto_type

    position, scores, sums = found
    model = operator.raw_operator
    names = [output.full_name for output in operator.outputs]
    options = container.get_options(model, {"raw_scores": False, "nocl": False})
    classes = range(len(model.classes_)) if options.get("nocl") else model.classes_
    emit_labels(emit, position, list(classes), names[:1])
    chosen = sums if options.get("raw_scores") else scores
    emit.node("Cast", [chosen], names[1:2], to=guess_proto_type(operator.outputs[1].type))
