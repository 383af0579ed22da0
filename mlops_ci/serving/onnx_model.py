"""A model that ONNX Runtime computes, without any code of the user."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from mlops_ci.errors import IntegrityError
from mlops_ci.records.conversion import InputTensor, OutputTensor
from mlops_ci.records.serving import ServedModel
from mlops_ci.serving.contracts import Tensors
from mlops_ci.serving.onnx_file import check_onnx_file
from mlops_ci.serving.providers import full_names

# ONNX Runtime's names of element types, by NumPy's.
_TYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int8)": "int8",
    "tensor(int16)": "int16",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(uint8)": "uint8",
    "tensor(uint16)": "uint16",
    "tensor(uint32)": "uint32",
    "tensor(uint64)": "uint64",
    "tensor(bool)": "bool",
    "tensor(string)": "string",
}


class OnnxModel:
    """An ONNX file, loaded."""

    def __init__(self, folder: Path, model: ServedModel, *, threads: int, providers: Sequence[str]) -> None:
        """Load it.

        Raises:
            UsageError: an execution provider is missing.
            IntegrityError: the file is none, or not the one that the manifest describes.
        """
        path = folder / (model.file or "")
        check_onnx_file(path, folder)
        names = full_names(providers, ort.get_available_providers())
        try:
            self._session = ort.InferenceSession(os.fspath(path), _options(threads), providers=names)
        except Exception as error:  # ONNX Runtime has a class of its own for each way to fail
            raise IntegrityError(f"ONNX Runtime cannot load it: {_first_line(error)}", where=path.name) from error
        self.model = model
        self.inputs = model.tensors or tuple(_input(node) for node in self._session.get_inputs())
        self.outputs = model.outputs or tuple(_output(node) for node in self._session.get_outputs())
        self._check_against_manifest(path.name)
        self._names = [output.name for output in self.outputs]
        self._run_options = ort.RunOptions()  # of which it would make new ones for each call

    def predict(self, tensors: Tensors) -> Tensors:
        """Compute the outputs of the manifest."""
        return dict(zip(self._names, self._session.run(self._names, tensors, self._run_options), strict=True))

    def _check_against_manifest(self, where: str) -> None:
        for told, nodes in ((self.inputs, self._session.get_inputs()), (self.outputs, self._session.get_outputs())):
            found = {node.name: _TYPES.get(node.type, node.type) for node in nodes}
            for tensor in told:
                if found.get(tensor.name) != tensor.type:
                    is_there = f"has it as {found[tensor.name]}" if tensor.name in found else "has none of that name"
                    what = f"the manifest has a tensor {tensor.name!r} of {tensor.type}, the model {is_there}"
                    raise IntegrityError(what, where=where, hint="make the package again")
        if missing := {node.name for node in self._session.get_inputs()} - {tensor.name for tensor in self.inputs}:
            raise IntegrityError(f"the manifest lacks the input {min(missing)!r} of the model", where=where)


def _options(threads: int) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # A thread that waits for work by spinning takes the processor from the workers beside it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _input(node: Any) -> InputTensor:
    return InputTensor(node.name, _TYPES.get(node.type, node.type), _shape(node.shape))


def _output(node: Any) -> OutputTensor:
    return OutputTensor(node.name, "other", _TYPES.get(node.type, node.type), _shape(node.shape))


def _shape(shape: Sequence[Any]) -> tuple[int | None, ...]:
    return tuple(size if isinstance(size, int) else None for size in shape)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]


def dtype_of(kind: str) -> np.dtype[Any]:
    """NumPy's type for a tensor's; text is held as objects, as ONNX Runtime wants it."""
    return np.dtype(object) if kind == "string" else np.dtype(kind)
