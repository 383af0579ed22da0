"""``/swagger.json``: Swagger 2.0 as Power BI and clients of Azure Machine Learning read it; OpenAPI 3.0 on request.

They look for ``POST /score``, its one parameter in the body, and the definitions ``ServiceInput`` and
``ServiceOutput``.
"""

from __future__ import annotations

from typing import Any

from mlops_ci import __version__
from mlops_ci.records.serving import ServedModel
from mlops_ci.serving.contracts import Described, RequestError
from mlops_ci.serving.model_schemas import Dialect, Schema, input_schema, output_schema

_ERROR: Schema = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "id": {"type": "string"},
            },
        }
    },
}
_DIALECTS: dict[str, Dialect] = {"2": "2.0", "2.0": "2.0", "3": "3.0", "3.0": "3.0"}
_ANYTHING: Schema = {"type": "object", "example": {}}


def swagger(described: Described, version: str = "2") -> dict[str, Any]:
    """The document about the default model.

    Raises:
        RequestError: there is none in that version.
    """
    dialect = _DIALECTS.get(version)
    if dialect is None:
        raise RequestError(404, "there is no such version; ?version=2 is Swagger 2.0, ?version=3 is OpenAPI 3.0")
    model = next(model for model in described.models if model.name == described.default)
    asked, answered = schemas(described, model, dialect)
    definitions = {"ServiceInput": asked, "ServiceOutput": answered, "ErrorResponse": _ERROR}
    return _two(described, model, definitions) if dialect == "2.0" else _three(described, model, definitions)


def schemas(described: Described, model: ServedModel, dialect: Dialect) -> tuple[Schema, Schema]:
    """What a model is asked and answers at ``/score``; of a script, what its decorators say."""
    if model.kind != "script":
        return input_schema(model, dialect), output_schema(model, dialect)
    found = described.scripts.get(model.name)
    if found is None:
        return _ANYTHING, _ANYTHING
    return _inferred(found.input), _inferred(found.output)


def _inferred(schema: Schema | None) -> Schema:
    """A schema of inference-schema, whose formats and examples every version takes."""
    return _ANYTHING if schema is None else schema


def _info(model: ServedModel) -> Schema:
    which = "" if model.version is None else f" version {model.version}"
    return {
        "title": model.name,
        "description": f"The model {model.name}{which}, served by mlops-ci {__version__}.",
        "version": str(model.version or 1),
    }


def _two(described: Described, model: ServedModel, definitions: Schema) -> Schema:
    parameter = {
        "name": "serviceInputPayload",
        "in": "body",
        "description": "The rows to score.",
        "required": True,
        "schema": {"$ref": "#/definitions/ServiceInput"},
    }
    post: Schema = {
        "operationId": "RunMLService",
        "description": "Score rows.",
        "parameters": [parameter],
        "responses": {
            "200": {"description": "The predictions.", "schema": {"$ref": "#/definitions/ServiceOutput"}},
            "default": {"description": "What went wrong.", "schema": {"$ref": "#/definitions/ErrorResponse"}},
        },
    }
    document: Schema = {
        "swagger": "2.0",
        "info": _info(model),
        "schemes": ["https", "http"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": {"/score": {"post": post}},
        "definitions": definitions,
    }
    if described.keyed:
        key = {"type": "apiKey", "name": "Authorization", "in": "header", "description": "Bearer KEY"}
        document["securityDefinitions"] = {"Bearer": key}
        post["security"] = [{"Bearer": []}]
    return document


def _three(described: Described, model: ServedModel, definitions: Schema) -> Schema:
    def content(name: str) -> Schema:
        return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}

    post: Schema = {
        "operationId": "RunMLService",
        "description": "Score rows.",
        "requestBody": {"required": True, "content": content("ServiceInput")},
        "responses": {
            "200": {"description": "The predictions.", "content": content("ServiceOutput")},
            "default": {"description": "What went wrong.", "content": content("ErrorResponse")},
        },
    }
    document: Schema = {
        "openapi": "3.0.3",
        "info": _info(model),
        "paths": {"/score": {"post": post}},
        "components": {"schemas": definitions},
    }
    if described.keyed:
        document["components"]["securitySchemes"] = {"Bearer": {"type": "http", "scheme": "bearer"}}
        post["security"] = [{"Bearer": []}]
    return document
