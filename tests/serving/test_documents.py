"""openapi.json and swagger.json: right by their own specifications, and true of the package."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft4Validator, Draft202012Validator
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from mlops_ci.records.conversion import InputTensor, OutputTensor
from mlops_ci.records.serving import ServedModel
from mlops_ci.records.signature import Column
from mlops_ci.serving.contracts import Described, RequestError, ScriptSchema
from mlops_ci.serving.openapi import openapi
from mlops_ci.serving.swagger import swagger
from tests.serving.collected import MODEL

COIN = replace(
    MODEL,
    inputs=(Column("size", "Float64"), Column("side", "String"), Column("spins", "Int64"), Column("fair", "Boolean")),
    tensors=(
        InputTensor("numbers", "float32", (None, 2), ("size", "spins")),
        InputTensor("texts", "string", (None, 1), ("side",)),
        InputTensor("flags", "bool", (None, 1), ("fair",)),
    ),
    sample=(1.5, "edge", 3, True),
)
IMAGES = ServedModel(
    name="images",
    kind="onnx",
    tensors=(InputTensor("pixels", "float32", (None, 3, 8, 8)),),
    outputs=(OutputTensor("value", "value", "float32", (None, 1)),),
)
SCRIPT = ServedModel(name="scripted", kind="script", file="score.py")
SCHEMA = ScriptSchema(
    {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "integer", "format": "int64"}}},
     "example": {"data": [1]}},
    {"type": "array", "items": {"type": "number", "format": "double"}, "example": [1.0], "format": "numpy.ndarray"},
)  # fmt: skip
SERVERS = {
    "table": Described((COIN,), "coin", keyed=False),
    "keyed": Described((COIN, IMAGES), "coin", keyed=True),
    "images": Described((IMAGES,), "images", keyed=False),
    "script": Described((SCRIPT, COIN), "scripted", keyed=True),
    "decorated": Described((SCRIPT,), "scripted", keyed=False, scripts={"scripted": SCHEMA}),
}


@pytest.mark.parametrize("name", SERVERS)
def test_the_documents_are_what_they_say_they_are(name: str) -> None:
    described = SERVERS[name]
    for kind, document in (
        (OpenAPIV31SpecValidator, openapi(described)),
        (OpenAPIV30SpecValidator, swagger(described, "3")),
        (OpenAPIV2SpecValidator, swagger(described)),
    ):
        assert [error.message for error in kind(json.loads(json.dumps(document))).iter_errors()] == []


def test_swagger_has_what_power_bi_looks_for() -> None:
    document = swagger(SERVERS["keyed"])
    post = document["paths"]["/score"]["post"]
    (parameter,) = post["parameters"]
    assert (document["swagger"], parameter["in"], parameter["schema"]) == (
        "2.0", "body", {"$ref": "#/definitions/ServiceInput"},
    )  # fmt: skip
    assert post["responses"]["200"]["schema"] == {"$ref": "#/definitions/ServiceOutput"}
    row = document["definitions"]["ServiceInput"]["properties"]["data"]["items"]
    assert {name: each["type"] for name, each in row["properties"].items()} == {
        "size": "number", "side": "string", "spins": "integer", "fair": "boolean",
    }  # fmt: skip
    assert document["definitions"]["ServiceInput"]["example"] == {
        "data": [{"size": 1.5, "side": "edge", "spins": 3, "fair": True}]
    }
    assert post["security"] == [{"Bearer": []}]
    assert "security" not in swagger(SERVERS["table"])["paths"]["/score"]["post"]


def test_the_example_fits_the_schema() -> None:
    for document, validator in (
        (swagger(SERVERS["table"])["definitions"]["ServiceInput"], Draft4Validator),
        (openapi(SERVERS["table"])["components"]["schemas"]["coin.Input"], Draft202012Validator),
    ):
        validator(document).validate({"data": [{"size": 1.5, "side": "edge", "spins": 3, "fair": True}]})
        assert not validator(document).is_valid({"data": [{"size": "x"}]})


@pytest.mark.parametrize(
    ("version", "key", "value"),
    [("2", "swagger", "2.0"), ("2.0", "swagger", "2.0"), ("3", "openapi", "3.0.3"), ("3.0", "openapi", "3.0.3")],
)
def test_a_version_can_be_asked_for(version: str, key: str, value: str) -> None:
    assert swagger(SERVERS["table"], version)[key] == value


@pytest.mark.parametrize("version", ["", "1", "4", "2\n"])
def test_a_version_that_is_none_is_said_to_be(version: str) -> None:
    with pytest.raises(RequestError) as caught:
        swagger(SERVERS["table"], version)
    assert caught.value.status == 404


def test_the_decorators_of_a_script_are_its_schemas() -> None:
    definitions = swagger(SERVERS["decorated"])["definitions"]
    assert (definitions["ServiceInput"], definitions["ServiceOutput"]) == (SCHEMA.input, SCHEMA.output)
    assert swagger(SERVERS["script"])["definitions"]["ServiceInput"] == {"type": "object", "example": {}}


def test_every_model_has_its_routes(golden: Any) -> None:
    document = openapi(SERVERS["keyed"])
    routes = [f"{method} {path}" for path, item in document["paths"].items() for method in item]
    golden("openapi-routes.txt", "\n".join(routes) + "\n")
    assert "/v2/models/scripted/infer" not in openapi(SERVERS["script"])["paths"]
