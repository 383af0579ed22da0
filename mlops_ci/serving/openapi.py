"""``/openapi.json``: OpenAPI 3.1 of all routes, with the columns and a real row of this very package."""

from __future__ import annotations

from typing import Any

from mlops_ci import __version__
from mlops_ci.records.serving import ServedModel
from mlops_ci.serving.contracts import Described
from mlops_ci.serving.model_schemas import Schema
from mlops_ci.serving.open_inference import DATATYPES
from mlops_ci.serving.swagger import schemas

_STATUSES = {
    "400": "The request has to change; the message says what, at which row and column.",
    "408": "The request did not come in time.",
    "413": "The body is too large, also after decompression.",
    "415": "The body is in a coding that is not known.",
    "503": "Too many requests are waiting; try again after Retry-After.",
    "504": "The model did not answer in time.",
}
_FAILED = {"500": "The entry script failed; the server's log tells why, under the id."}
_ERROR: Schema = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "id"],
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "id": {"type": "string"},
            },
        }
    },
}


def openapi(described: Described) -> dict[str, Any]:
    """The document."""
    default = next(model for model in described.models if model.name == described.default)
    components: Schema = {"Error": _ERROR}
    paths: Schema = {
        "/health/live": {"get": _health("isLive", "Whether the server runs.")},
        "/health/ready": {"get": _health("isReady", "Whether it takes requests.")},
        "/metrics": {"get": _plain(described, "metrics", "Metrics for Prometheus.", "text/plain")},
        "/openapi.json": {"get": _plain(described, "openapi", "This document.", "application/json")},
        "/swagger.json": {"get": _swagger(described)},
        "/v2": {"get": _plain(described, "server", "What the server is.", "application/json")},
        "/v2/health/live": {"get": _health("isLiveV2", "Whether the server runs.")},
        "/v2/health/ready": {"get": _health("isReadyV2", "Whether it takes requests.")},
    }
    for model in described.models:
        asked, answered = schemas(described, model, "3.1")
        components[f"{model.name}.Input"], components[f"{model.name}.Output"] = asked, answered
        paths[f"/models/{model.name}/score"] = {"post": _score(described, model, f"score {model.name}")}
        if model is default:
            paths["/score"] = {"post": _score(described, model, "score")}
        if model.kind != "script":
            base = f"/v2/models/{model.name}"
            components[f"{model.name}.Infer"] = _infer_schema(model)
            paths[base] = {"get": _plain(described, f"describe {model.name}", "Its tensors.", "application/json")}
            paths[f"{base}/ready"] = {"get": _health(f"isReady {model.name}", "Whether the model takes requests.")}
            paths[f"{base}/infer"] = {"post": _infer(described, model)}
    document: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": default.name,
            "description": f"The models {', '.join(model.name for model in described.models)}, served by mlops-ci.",
            "version": __version__,
        },
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": components},
    }
    if described.keyed:
        document["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
        }
    return document


def _score(described: Described, model: ServedModel, operation: str) -> Schema:
    answer = {"application/json": {"schema": _reference(f"{model.name}.Output")}}
    return {
        "operationId": operation,
        "summary": f"Ask {model.name} for predictions.",
        "requestBody": {
            "required": model.kind != "script",
            "content": {"application/json": {"schema": _reference(f"{model.name}.Input")}},
        },
        "responses": _responses(described, model, answer),
        **_security(described),
    }


def _infer(described: Described, model: ServedModel) -> Schema:
    outputs = {"type": "array", "items": {"type": "object"}}
    answer = {
        "application/json": {"schema": {"type": "object", "required": ["outputs"], "properties": {"outputs": outputs}}},
        "application/octet-stream": {},
    }
    return {
        "operationId": f"infer {model.name}",
        "summary": f"Ask {model.name} by the Open Inference Protocol.",
        "parameters": [
            {
                "name": "Inference-Header-Content-Length",
                "in": "header",
                "description": "The length of the JSON where binary tensors follow it.",
                "schema": {"type": "integer", "minimum": 0},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": _reference(f"{model.name}.Infer")},
                "application/octet-stream": {},
            },
        },
        "responses": _responses(described, model, answer),
        **_security(described),
    }


def _infer_schema(model: ServedModel) -> Schema:
    data: Schema = {"type": "array", "items": {"type": ["number", "string", "boolean", "null", "array"]}}
    names = {"enum": [tensor.name for tensor in model.tensors]} if model.tensors else {"type": "string"}
    tensor = {
        "type": "object",
        "required": ["name", "shape", "datatype"],
        "properties": {
            "name": names,
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
            "datatype": {"enum": sorted(set(DATATYPES.values()))},
            "data": data,
            "parameters": {"type": "object"},
        },
    }
    output = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    return {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": "string"},
            "inputs": {"type": "array", "items": tensor, "minItems": 1},
            "outputs": {"type": "array", "items": output},
            "parameters": {"type": "object"},
        },
    }


def _responses(described: Described, model: ServedModel, answer: Schema) -> Schema:
    statuses = _STATUSES | (_FAILED if model.kind == "script" else {})
    if described.keyed:
        statuses = {**statuses, "401": "The key is missing, or none of the server's."}
    error = {"application/json": {"schema": _reference("Error")}}
    failures = {status: {"description": text, "content": error} for status, text in sorted(statuses.items())}
    return {"200": {"description": "The answer.", "content": answer}, **failures}


def _health(operation: str, summary: str) -> Schema:
    responses = {"200": {"description": "Yes."}}
    if "eady" in operation:
        responses["503"] = {"description": "Not now."}
    return {"operationId": operation, "summary": summary, "responses": responses}


def _plain(described: Described, operation: str, summary: str, kind: str) -> Schema:
    answer = {"description": "The answer.", "content": {kind: {}}}
    return {"operationId": operation, "summary": summary, "responses": {"200": answer}, **_security(described)}


def _swagger(described: Described) -> Schema:
    schema = {"type": "string", "enum": ["2", "2.0", "3", "3.0"], "default": "2"}
    version = {"name": "version", "in": "query", "description": "2 is Swagger 2.0, 3 is OpenAPI 3.0.", "schema": schema}
    return {
        **_plain(described, "swagger", "The default model for Power BI and Azure tools.", "application/json"),
        "parameters": [version],
    }


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _security(described: Described) -> Schema:
    return {"security": [{"bearer": []}, {"key": []}]} if described.keyed else {}
