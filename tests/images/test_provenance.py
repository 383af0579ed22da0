"""The provenance: what the published messages of in-toto and SLSA say of it, and what is in it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage

from mlops_ci.packaging.provenance import Builder, provenance
from mlops_ci.records.digest import hexadecimal
from mlops_ci.records.image import Image
from mlops_ci.records.model_version import ModelVersion
from tests.images.bill_of_image import BASE_DIGEST, IMAGE, VERSION

_GITHUB = Builder("github", "https://github.example/acme/ml/actions/runs/1/attempts/2")


def _statement(image: Image = IMAGE, version: ModelVersion = VERSION, builder: Builder = _GITHUB) -> dict[str, Any]:
    data = provenance(image, version, builder)
    statement = Statement.copy_from_pb(json_format.Parse(data, StatementMessage()))  # which knows every field
    statement.validate()
    predicate = json_format.Parse(json.dumps(json.loads(data)["predicate"]), Provenance())
    for dependency in predicate.build_definition.resolved_dependencies:
        ResourceDescriptor.copy_from_pb(dependency).validate()
    document: dict[str, Any] = json.loads(data)
    return document


def test_it_says_what_was_built_of_what_and_where() -> None:
    statement = _statement()
    assert statement["subject"] == [
        {"name": "registry.example/ml/delay", "digest": {"sha256": hexadecimal(IMAGE.digest)}}
    ]
    definition = statement["predicate"]["buildDefinition"]
    assert definition["externalParameters"] == {
        "model": "delay",
        "version": 7,
        "platform": "linux/amd64",
        "base": "registry.example:5000/library/python:3.12-slim",
    }
    source, base, *rest = definition["resolvedDependencies"]
    assert source == {
        "name": "source",
        "uri": "git+https://git.example/acme/ml",
        "digest": {"gitCommit": "c" * 40},
    }
    assert base["digest"] == {"sha256": hexadecimal(BASE_DIGEST)}
    assert [one["name"] for one in rest] == ["lock", "delay/model.pkl", "delay/model.onnx"]
    details = statement["predicate"]["runDetails"]
    assert details["builder"]["id"] == "urn:mlops-ci:host:github"
    assert details["metadata"] == {"invocationId": _GITHUB.run}


def test_it_says_nothing_that_is_not_known() -> None:
    image = replace(IMAGE, base=None, lock=None, reference=None)
    version = replace(VERSION, commit=None, source=None, conversion=None)
    statement = _statement(image, version, Builder("local"))
    assert statement["subject"][0]["name"] == "delay"
    names = [one["name"] for one in statement["predicate"]["buildDefinition"]["resolvedDependencies"]]
    assert names == ["delay/model.pkl"]
    assert statement["predicate"]["runDetails"]["metadata"] == {}


def test_it_tells_no_time() -> None:
    assert provenance(IMAGE, VERSION, _GITHUB) == provenance(IMAGE, VERSION, _GITHUB)
    assert "2026" not in json.dumps(_statement())
