"""Where nodes of a graph go to: into a graph of our own, or into the one that skl2onnx is making of a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, Union

import numpy as np
import onnx
from onnx import helper, numpy_helper

OPSET = 18
ML_OPSET = 3
IR_VERSION = 8
ML = "ai.onnx.ml"


class Emitter(Protocol):
    """Takes nodes and constants, and finds names for them that depend on nothing but their order."""

    def constant(self, array: np.ndarray[Any, Any]) -> str:
        """Store an array; returns its name."""

    def node(
        self, op: str, inputs: Sequence[str], outputs: Union[int, Sequence[str]] = 1, *, domain: str = "", **attributes: Any
    ) -> list[str]:
        """Add a node with so many new outputs, or with outputs of these names; returns their names."""


class GraphEmitter:
    """Makes a graph from nothing."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, array: np.ndarray[Any, Any]) -> str:
        """Store an array; returns its name."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        return name

    def node(
        self, op: str, inputs: Sequence[str], outputs: Union[int, Sequence[str]] = 1, *, domain: str = "", **attributes: Any
    ) -> list[str]:
        """Add a node; returns the names of its outputs."""
        number = len(self._nodes)
        names = [f"n{number}_{i}" for i in range(outputs)] if isinstance(outputs, int) else list(outputs)
        self._nodes.append(helper.make_node(op, list(inputs), names, name=f"{op}_{number}", domain=domain, **attributes))
        return names

    def model(self, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]) -> onnx.ModelProto:
        """The finished model."""
        graph = helper.make_graph(self._nodes, "model", list(inputs), list(outputs), self._constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


class PipelineEmitter:
    """Adds to what skl2onnx is making, in its scope."""

    def __init__(self, scope: Any, container: Any) -> None:
        self._scope = scope
        self._container = container

    def constant(self, array: np.ndarray[Any, Any]) -> str:
        """Store an array; returns its name."""
        name: str = self._scope.get_unique_variable_name("constant")
        tensor = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        self._container.initializers.append(tensor)
        return name

    def node(
        self, op: str, inputs: Sequence[str], outputs: Union[int, Sequence[str]] = 1, *, domain: str = "", **attributes: Any
    ) -> list[str]:
        """Add a node; returns the names of its outputs."""
        unique = self._scope.get_unique_variable_name
        names = [unique("made") for _ in range(outputs)] if isinstance(outputs, int) else list(outputs)
        version = {"": OPSET, ML: ML_OPSET}.get(domain, 1)
        name = self._scope.get_unique_operator_name(op)
        self._container.add_node(
            op, list(inputs), names, op_domain=domain, op_version=version, name=name, **attributes
        )
        return names


def cast(emit: Emitter, name: str, to: int) -> str:
    """Cast a tensor to an element type of ONNX."""
    return emit.node("Cast", [name], to=to)[0]
