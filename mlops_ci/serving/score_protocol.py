"""``/score``: rows of a table in, predictions out, as JSON.

Rows come as ``{"data": [[...]]}``, ``{"data": [{"column": ...}]}``, ``{"columns": [...], "data": [[...]]}``, as a bare
list, or as Azure ML and Power BI send them (``{"Inputs": {"data": [...]}, "GlobalParameters": ...}``).
"""

from __future__ import annotations

from typing import Any

import msgspec

from mlops_ci.records.conversion import InputTensor
from mlops_ci.records.serving import ServedModel
from mlops_ci.records.signature import Column
from mlops_ci.serving.columns import Columns, array_of_values
from mlops_ci.serving.contracts import RequestError, Tensors
from mlops_ci.serving.onnx_model import dtype_of
from mlops_ci.serving.predictions import Reading
from mlops_ci.serving.replies import Reply
from mlops_ci.serving.score_rows import UnknownFormError, rows_in

_FORMS = 'expected are rows, such as {"data": [[1.5, "a"]]} or {"data": [{"column": 1.5}]}'
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


class _Answer(msgspec.Struct):
    id: str
    model: str
    version: int | None
    predictions: list[Any]
    probabilities: Any | msgspec.UnsetType
    classes: msgspec.Raw | msgspec.UnsetType


class ScoreProtocol:
    """The protocol for one model."""

    def __init__(self, model: ServedModel, inputs: tuple[InputTensor, ...], reading: Reading) -> None:
        self._tables = all(tensor.columns for tensor in inputs)
        self._inputs = inputs
        self._reading = reading
        self._model, self._version = model.name, model.version
        self._classes = msgspec.Raw(_encoder.encode(reading.classes)) if reading.classes else msgspec.UNSET
        if self._tables:
            unsigned = [Column(name, tensor.type) for tensor in inputs for name in tensor.columns]
            self._columns = Columns(model.inputs or unsigned, inputs)
            body = msgspec.defstruct("Body", [("data", list[self._columns.row_type])], forbid_unknown_fields=True)  # type: ignore[name-defined]
            self._quick: Any = msgspec.json.Decoder(body)

    def decode(self, body: bytes) -> Tensors:
        """The tensors of a request.

        Raises:
            RequestError: it is not a request for this model; the message says where.
        """
        if self._tables:
            try:
                tensors = self._columns.quick(self._quick.decode(body).data)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                tensors = None
            if tensors is not None:
                return tensors
        data, columns = _rows(parse(body))
        return self._columns.tensors(data, columns) if self._tables else self._one_tensor(data)

    def tensors_of(self, rows: list[Any]) -> Tensors:
        """The tensors of rows that are already values."""
        return self._columns.tensors(rows) if self._tables else self._one_tensor(rows)

    def encode(self, request_id: str, tensors: Tensors) -> Reply:
        """The answer to a request."""
        reading = self._reading
        values = reading.values(tensors)
        scores = reading.scores(tensors).tolist() if reading.has_scores else msgspec.UNSET
        answer = _Answer(request_id, self._model, self._version, values, scores, self._classes)
        return Reply(200, _encoder.encode(answer))

    def _one_tensor(self, data: Any) -> Tensors:
        """A tensor that is no table, such as images: nested lists."""
        if len(self._inputs) != 1:
            raise RequestError(400, "the model reads several tensors that are no table; ask it at /v2/models")
        tensor = self._inputs[0]
        try:
            array = array_of_values(data, dtype_of(tensor.type))
        except (ValueError, TypeError, OverflowError) as error:
            raise RequestError(400, f"the data is no tensor of {tensor.type}") from error
        check_shape(tensor, array.shape)
        return {tensor.name: array}


def check_shape(tensor: InputTensor, shape: tuple[int, ...]) -> None:
    """See that a tensor has the shape that the model reads; the first dimension is rows, and there is at least one.

    Raises:
        RequestError: it has another.
    """
    fits = len(shape) == len(tensor.shape) and all(
        want is None or want == size for want, size in zip(tensor.shape[1:], shape[1:], strict=False)
    )
    if not fits or not shape or not shape[0]:
        wanted = ", ".join(["rows", *("any" if size is None else str(size) for size in tensor.shape[1:])])
        raise RequestError(400, f'tensor "{tensor.name}" has the shape {list(shape)} where [{wanted}] is expected')


def parse(body: bytes) -> Any:
    """The JSON of a body.

    Raises:
        RequestError: it is none, or nested too deeply.
    """
    try:
        return _decoder.decode(body)
    except RecursionError as error:
        raise RequestError(400, "the JSON is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestError(400, f"the body is not JSON: {error}") from error


def _rows(document: Any) -> tuple[Any, Any]:
    try:
        return rows_in(document)
    except UnknownFormError as error:
        raise RequestError(400, _FORMS) from error
