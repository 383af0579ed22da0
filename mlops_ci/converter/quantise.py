"""Dynamic quantisation: weights become int8, and what flows through is quantised as it comes."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import onnx
from onnx import TensorProto

from mlops_ci.converter.trouble import NotConvertibleError, one_line

WEIGHTED = ("MatMul", "Gemm", "Conv")
NOTHING = "there is nothing to quantise: the graph has no MatMul, Gemm or Conv with weights"


def quantised(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph, which computes in float32, with int8 weights.

    Raises:
        NotConvertibleError: it has no weights to quantise.
    """
    floats = {each.name for each in model.graph.initializer if each.data_type == TensorProto.FLOAT}
    if not any(node.op_type in WEIGHTED and node.input[1] in floats for node in model.graph.node):
        raise NotConvertibleError(NOTHING)
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before, after = Path(scratch) / "before.onnx", Path(scratch) / "after.onnx"
        onnx.save(model, str(before))
        try:
            quantize_dynamic(
                str(before), str(after), weight_type=QuantType.QInt8, op_types_to_quantize=list(WEIGHTED)
            )
        except Exception as error:
            raise NotConvertibleError(f"the weights cannot be quantised: {one_line(error)}") from error
        return onnx.load(str(after))
