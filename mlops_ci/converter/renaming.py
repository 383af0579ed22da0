"""Gives the inputs and outputs of a finished graph the names and types that callers are told."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
from onnx import TensorProto, helper

from mlops_ci.converter.exported import Input

ONNX_TYPES = {
    "float64": TensorProto.DOUBLE,
    "float32": TensorProto.FLOAT,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}


def rename_outputs(model: onnx.ModelProto, names: Sequence[str]) -> None:
    """Name the outputs so, in order; drop what is beyond these."""
    graph = model.graph
    del graph.output[len(names) :]
    for output, name in zip(graph.output, names):
        if output.name != name:
            _free(graph, name)
            _rename(graph, output.name, name)
            output.name = name


def widen_inputs(model: onnx.ModelProto, inputs: Sequence[Input], inside: int) -> None:
    """Declare the inputs in the types of the columns, and cast them to what the graph computes with."""
    graph = model.graph
    casts = []
    for each, declared in zip(inputs, graph.input):
        type_ = ONNX_TYPES[each.type]
        if type_ == declared.type.tensor_type.elem_type:
            continue
        within = f"{each.name}__number"
        _rename(graph, each.name, within)
        casts.append(helper.make_node("Cast", [each.name], [within], name=f"Cast__{each.name}", to=inside))
        declared.type.tensor_type.elem_type = type_
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                _rename(attribute.g, old, new)


def _free(graph: onnx.GraphProto, name: str) -> None:
    """Give whatever has this name inside of the graph another one; an input keeps its own."""
    if name in {value for node in graph.node for value in node.output}:
        _rename(graph, name, f"{name}__inside")
        for output in graph.output:
            if output.name == name:
                output.name = f"{name}__inside"
