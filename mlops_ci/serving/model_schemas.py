"""JSON Schemas of what a model is asked and what it answers, for the documents about a server. Pure.

``dialect`` says what they may contain: Swagger 2.0 and OpenAPI 3.0 know neither several types of a value nor tuples.
"""

from __future__ import annotations

from typing import Any, Literal

from mlops_ci.records.conversion import InputTensor
from mlops_ci.records.serving import ServedModel
from mlops_ci.records.signature import Column
from mlops_ci.serving.columns import Kind, kind_of
from mlops_ci.serving.onnx_model import dtype_of

Dialect = Literal["2.0", "3.0", "3.1"]
Schema = dict[str, Any]
_JSON: dict[Kind, Schema] = {
    "number": {"type": "number", "format": "double"},
    "whole": {"type": "integer", "format": "int64"},
    "flag": {"type": "boolean"},
    "text": {"type": "string"},
}
_EXAMPLES: dict[Kind, Any] = {"number": 1.5, "whole": 1, "flag": True, "text": "a"}


def is_table(model: ServedModel) -> bool:
    """Whether a model reads rows of a table."""
    return bool(model.inputs) and all(tensor.columns for tensor in model.tensors)


def row_schema(model: ServedModel, dialect: Dialect) -> Schema:
    """A row by column."""
    return {
        "type": "object",
        "required": [column.name for column in model.inputs],
        "properties": {column.name: _column(model, column, dialect) for column in model.inputs},
        **({"additionalProperties": False} if dialect == "3.1" else {}),
    }


def example_row(model: ServedModel) -> list[Any]:
    """The real row that the package has, or one of the right types."""
    if model.sample is not None and len(model.sample) == len(model.inputs):
        return list(model.sample)
    return [_EXAMPLES[_kind(model, column)] for column in model.inputs]


def input_schema(model: ServedModel, dialect: Dialect) -> Schema:
    """The body of a request to ``/score``."""
    if not is_table(model):
        rows: Schema = {"type": "array", "items": {}}
        if dialect != "2.0":
            rows["minItems"] = 1
        return {"type": "object", "required": ["data"], "properties": {"data": rows}}
    by_column = dict(zip((column.name for column in model.inputs), example_row(model), strict=True))
    schema: Schema = {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "array", "items": row_schema(model, dialect)}},
        "example": {"data": [by_column]},
    }
    return _all_forms(model, schema) if dialect == "3.1" else schema


def output_schema(model: ServedModel, dialect: Dialect) -> Schema:
    """The answer of ``/score``."""
    roles = {output.role for output in model.outputs}
    labels = model.classes or next((output.classes for output in model.outputs if output.classes), ())
    properties: Schema = {
        "id": {"type": "string"},
        "model": {"type": "string"},
        "version": _nullable({"type": "integer"}, dialect),
        "predictions": {"type": "array", "items": _prediction(roles, labels)},
    }
    if "score" in roles:
        probability = {"type": "array", "items": {"type": "number", "format": "double"}}
        properties["probabilities"] = {"type": "array", "items": probability}
    if labels:
        properties["classes"] = {"type": "array", "items": _of_values(labels)}
    return {"type": "object", "required": list(properties), "properties": properties}


def _all_forms(model: ServedModel, by_column: Schema) -> Schema:
    values = {
        "type": "array",
        "prefixItems": [_column(model, column, "3.1") for column in model.inputs],
        "minItems": len(model.inputs),
        "maxItems": len(model.inputs),
    }
    names = [column.name for column in model.inputs]
    data = {"type": "array", "minItems": 1, "items": {"anyOf": [by_column["properties"]["data"]["items"], values]}}
    columns = {"type": "array", "items": {"enum": names}, "minItems": len(names), "maxItems": len(names)}
    named = {"type": "object", "required": ["data"], "properties": {"data": data, "columns": columns}}
    inputs = {"type": "object", "required": ["data"], "properties": {"data": data}}
    azure = {"type": "object", "required": ["Inputs"], "properties": {"Inputs": inputs}}
    return {"anyOf": [named, azure, data], "examples": [by_column["example"], {"data": [example_row(model)]}]}


def _column(model: ServedModel, column: Column, dialect: Dialect) -> Schema:
    kind, tensor = _kind(model, column), _tensor(model, column)
    missing = tensor is not None and tensor.type.startswith(("float", "double")) and kind in ("number", "whole")
    return _nullable(_JSON[kind], dialect) if missing else dict(_JSON[kind])


def _kind(model: ServedModel, column: Column) -> Kind:
    tensor = _tensor(model, column)
    return kind_of(column, dtype_of(tensor.type if tensor else "string"))


def _tensor(model: ServedModel, column: Column) -> InputTensor | None:
    return next((tensor for tensor in model.tensors if column.name in tensor.columns), None)


def _nullable(schema: Schema, dialect: Dialect) -> Schema:
    if dialect == "3.1":
        return {**schema, "type": [schema["type"], "null"]}
    return {**schema, "nullable" if dialect == "3.0" else "x-nullable": True}


def _prediction(roles: set[Any], labels: tuple[Any, ...]) -> Schema:
    if "label" in roles or "score" in roles:
        return _of_values(labels)
    return {"type": "number", "format": "double"} if "value" in roles else {}


def _of_values(values: tuple[Any, ...]) -> Schema:
    types = {bool: "boolean", int: "integer", float: "number", str: "string"}
    found = {types[type(value)] for value in values}
    return {"type": found.pop()} if len(found) == 1 else {}
