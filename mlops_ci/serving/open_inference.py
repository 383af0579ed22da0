"""The Open Inference Protocol, version 2: tensors in, tensors out.

https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from mlops_ci.records.conversion import InputTensor, OutputTensor
from mlops_ci.records.serving import ServedModel
from mlops_ci.serving.columns import array_of_values
from mlops_ci.serving.contracts import RequestError, Tensors
from mlops_ci.serving.onnx_model import dtype_of
from mlops_ci.serving.open_inference_binary import HEADER_LENGTH, array_of, bytes_of, split
from mlops_ci.serving.replies import Headers, Reply
from mlops_ci.serving.score_protocol import check_shape

DATATYPES = {
    "bool": "BOOL",
    "string": "BYTES",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    **{f"{sign}int{bits}": f"{sign.upper()}INT{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
_LIST: dict[str, Any] = {
    "b": list[bool], "i": list[int], "u": list[int], "f": list[float | None], "O": list[str]
}  # fmt: skip
_FLAT = {kind: msgspec.json.Decoder(elements) for kind, elements in _LIST.items()}
_EXPECTED = {"b": "true or false", "i": "whole numbers", "u": "whole numbers", "f": "numbers", "O": "texts"}


class _Parameters(msgspec.Struct):
    binary_data_size: int | None = None
    binary_data: bool | None = None
    binary_data_output: bool = False


class _Input(msgspec.Struct):
    name: str
    shape: list[int]
    datatype: str
    data: msgspec.Raw = msgspec.Raw()  # what is absent has no bytes
    parameters: _Parameters | None = None


class _Output(msgspec.Struct):
    name: str
    parameters: _Parameters | None = None


class _Infer(msgspec.Struct):
    inputs: list[_Input]
    id: str | None = None
    outputs: list[_Output] | None = None
    parameters: _Parameters | None = None


_decoder = msgspec.json.Decoder(_Infer)


class Wanted(msgspec.Struct):
    """What of the answer is wanted: outputs, in order, and whether as binary data."""

    id: str
    outputs: list[tuple[str, bool]]


def describe(model: ServedModel, inputs: Sequence[InputTensor], outputs: Sequence[OutputTensor]) -> dict[str, Any]:
    """The metadata of a model."""

    def tensor(one: InputTensor | OutputTensor) -> dict[str, Any]:
        shape = [-1 if size is None or index == 0 else size for index, size in enumerate(one.shape)]
        return {"name": one.name, "datatype": DATATYPES.get(one.type, one.type), "shape": shape}

    return {
        "name": model.name,
        "versions": [] if model.version is None else [str(model.version)],
        "platform": "mlops-ci_ensemble" if model.kind == "ensemble" else "onnxruntime_onnx",
        "inputs": [tensor(one) for one in inputs],
        "outputs": [tensor(one) for one in outputs],
    }


def decode_infer(
    body: bytes,
    headers: Mapping[bytes, bytes],
    request_id: str,
    inputs: Sequence[InputTensor],
    outputs: Sequence[OutputTensor],
) -> tuple[Tensors, Wanted]:
    """The tensors of a request, and what it wants to hear.

    Raises:
        RequestError: it is not a request for this model.
    """
    document, blob = split(body, headers.get(HEADER_LENGTH))
    try:
        request = _decoder.decode(document)
    except RecursionError as error:
        raise RequestError(400, "the JSON is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestError(400, f"this is no inference request: {error}") from error
    known = {tensor.name: tensor for tensor in inputs}
    tensors: dict[str, np.ndarray[Any, Any]] = {}
    for given in request.inputs:
        wanted = known.get(given.name)
        if wanted is None or given.name in tensors:
            which = "twice" if wanted else f"but the model reads {', '.join(known)}"
            raise RequestError(400, f'input "{given.name[:60]}" is given {which}')
        tensors[given.name], blob = _array(given, wanted, blob)
    if missing := known.keys() - tensors.keys():
        raise RequestError(400, f'input "{min(missing)}" is missing')
    if blob:
        raise RequestError(400, f"{len(blob)} bytes of binary data belong to no input")
    if len({len(array) for array in tensors.values()}) > 1:
        raise RequestError(400, "the inputs have different numbers of rows")
    return tensors, Wanted(request.id or request_id, _wanted(request, outputs))


def encode_infer(model: ServedModel, wanted: Wanted, outputs: Sequence[OutputTensor], tensors: Tensors) -> Reply:
    """The answer to a request."""
    types = {output.name: output.type for output in outputs}
    described, blobs = [], []
    for name, binary in wanted.outputs:
        array = tensors[name]
        one: dict[str, Any] = {
            "name": name, "datatype": DATATYPES.get(types[name], types[name]), "shape": array.shape
        }  # fmt: skip
        if binary:
            blobs.append(bytes_of(array))
            one["parameters"] = {"binary_data_size": len(blobs[-1])}
        else:
            one["data"] = array.reshape(-1).tolist()
        described.append(one)
    document: dict[str, Any] = {"model_name": model.name, "id": wanted.id, "outputs": described}
    if model.version is not None:
        document["model_version"] = str(model.version)
    body = msgspec.json.encode(document)
    if not blobs:
        return Reply(200, body)
    headers: Headers = ((b"content-type", b"application/octet-stream"), (HEADER_LENGTH, b"%d" % len(body)))
    return Reply(200, b"".join([body, *blobs]), headers)


def _array(given: _Input, wanted: InputTensor, blob: memoryview) -> tuple[np.ndarray[Any, Any], memoryview]:
    """The array of an input, and what is left of the binary data."""
    datatype = DATATYPES.get(wanted.type, wanted.type)
    if given.datatype != datatype:
        raise RequestError(400, f'input "{wanted.name}" has the datatype {given.datatype[:20]}, not {datatype}')
    check_shape(wanted, tuple(given.shape))
    count, dtype = math.prod(given.shape), dtype_of(wanted.type)
    size = given.parameters.binary_data_size if given.parameters else None
    if size is not None:
        if bytes(given.data) or not 0 <= size <= len(blob):
            raise RequestError(400, f'input "{wanted.name}" has {size} bytes, but they are not there')
        return array_of(blob[:size], dtype, given.shape, wanted.name), blob[size:]
    if not bytes(given.data):
        raise RequestError(400, f'input "{wanted.name}" has no data')
    values = _values(bytes(given.data), dtype, wanted.name)
    if len(values) != count:
        raise RequestError(400, f'input "{wanted.name}" has {len(values)} values, its shape has {count}')
    try:
        array = array_of_values(values, dtype)
    except (OverflowError, ValueError) as error:
        raise RequestError(400, f'input "{wanted.name}" has a value that {datatype} cannot hold') from error
    return array.reshape(given.shape), blob


def _values(data: bytes, dtype: np.dtype[Any], name: str) -> list[Any]:
    """The values of an input in row-major order, whether they come flat or nested."""
    try:
        return list(_FLAT[dtype.kind].decode(data))
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        flat: list[Any] = []
        _flatten(msgspec.json.decode(data), flat)
        return list(msgspec.convert(flat, _LIST[dtype.kind]))
    except RecursionError as error:
        raise RequestError(400, "the JSON is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestError(400, f'input "{name}" has data other than {_EXPECTED[dtype.kind]}') from error


def _flatten(value: Any, into: list[Any]) -> None:
    if isinstance(value, list):
        for item in value:
            _flatten(item, into)
    else:
        into.append(value)


def _wanted(request: _Infer, outputs: Sequence[OutputTensor]) -> list[tuple[str, bool]]:
    all_binary = bool(request.parameters and request.parameters.binary_data_output)
    names = {output.name for output in outputs}
    if not request.outputs:
        return [(output.name, all_binary) for output in outputs]
    wanted = []
    for output in request.outputs:
        if output.name not in names:
            raise RequestError(400, f'there is no output "{output.name[:60]}"; there is {", ".join(sorted(names))}')
        said = output.parameters.binary_data if output.parameters else None
        wanted.append((output.name, all_binary if said is None else said))
    return wanted
