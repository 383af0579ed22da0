"""The bill of materials: what the published schema of CycloneDX says of it, and what is in it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cyclonedx.schema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from referencing import Registry, Resource

from mlops_ci.packaging.purls import image_purl
from mlops_ci.packaging.sbom import sbom
from mlops_ci.records.digest import digest_of_bytes, hexadecimal
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.image import Image
from mlops_ci.records.locked import LockedPackage, locked_packages
from mlops_ci.records.model_version import ModelVersion
from tests.images.bill_of_image import BASE_DIGEST, IMAGE, LOCK, MANIFEST, VERSION

_SCHEMAS = Path(cyclonedx.schema.__file__).parent / "_res"


def _schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_SCHEMAS / name).read_text("utf-8"))
    return found


def _validator() -> Draft7Validator:
    """Of the official schema, with those that it refers to."""
    names = ("spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json")
    others = [(schema["$id"], Resource.from_contents(schema)) for schema in map(_schema, names)]
    return Draft7Validator(_schema("bom-1.6.SNAPSHOT.schema.json"), registry=Registry().with_resources(others))


_VALIDATOR = _validator()


def _locked(text: str) -> EnvironmentLock:
    return EnvironmentLock("pip", "3.12", "linux-x86_64", digest_of_bytes(text.encode()), text)


_LOCK = _locked(LOCK)


def _document(
    image: Image = IMAGE, lock: EnvironmentLock | None = _LOCK, version: ModelVersion = VERSION
) -> dict[str, Any]:
    data = sbom(image, lock, version, MANIFEST)
    _VALIDATOR.validate(json.loads(data))
    document: dict[str, Any] = json.loads(data)
    return document


def test_it_names_base_packages_server_and_models() -> None:
    document = _document()
    assert [(one["type"], one["name"], one["version"]) for one in document["components"]] == [
        ("container", "registry.example:5000/library/python:3.12-slim", BASE_DIGEST),
        ("library", "numpy", "2.4.1"),
        ("library", "onnx-runtime", "1.32.0+cpu"),
        ("application", "mlops-ci", document["metadata"]["tools"]["components"][0]["version"]),
        ("machine-learning-model", "delay", "7"),
        ("machine-learning-model", "other", "2"),
    ]
    base, numpy, runtime, *_ = document["components"]
    assert base["purl"].startswith(f"pkg:oci/python@sha256%3A{hexadecimal(BASE_DIGEST)}?")
    assert [one["content"][0] for one in numpy["hashes"]] == ["a", "b"]
    assert runtime["purl"] == "pkg:pypi/onnx-runtime@1.32.0%2Bcpu"
    assert document["dependencies"][0]["dependsOn"] == [one["bom-ref"] for one in document["components"]]


def test_the_model_comes_with_its_card() -> None:
    *_, model, other = _document()["components"]
    assert model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"] == [
        {"type": "accuracy", "value": "0.93"},
        {"type": "log loss", "value": "0.2"},
    ]
    (dataset,) = model["modelCard"]["modelParameters"]["datasets"]
    assert dataset["name"] == "flights"
    assert {"name": "mlops-ci:digest", "value": VERSION.digest} in model["properties"]
    assert "modelCard" not in other


def test_equal_images_have_equal_documents_and_others_another_serial_number() -> None:
    assert sbom(IMAGE, _LOCK, VERSION, MANIFEST) == sbom(IMAGE, _LOCK, VERSION, MANIFEST)
    other = _document(replace(IMAGE, digest=BASE_DIGEST))
    assert other["serialNumber"] != _document()["serialNumber"]


def test_an_image_by_the_users_own_dockerfile_is_described_as_far_as_it_is_known() -> None:
    names = [one["name"] for one in _document(replace(IMAGE, base=None, reference=None, lock=None), None)["components"]]
    assert names == ["mlops-ci", "delay", "other"]
    assert _document(replace(IMAGE, base="scratch"))["components"][0]["name"] == "scratch"


@pytest.mark.parametrize(
    ("reference", "purl"),
    [
        ("ghcr.io/acme/ML", "pkg:oci/ml?repository_url=ghcr.io/acme/ML"),
        ("localhost:5000/a/b", "pkg:oci/b?repository_url=localhost%3A5000/a/b"),
        ("localhost:5000/b:v1", "pkg:oci/b?repository_url=localhost%3A5000/b&tag=v1"),
    ],
)
def test_an_image_is_named_by_its_package_url(reference: str, purl: str) -> None:
    assert image_purl(reference) == purl


def test_a_lock_is_read_with_extras_markers_and_several_lines_of_hashes() -> None:
    text = (
        'uvicorn[standard]==0.32 ; sys_platform == "linux" \\\r\n  --hash=sha256:'
        + "d" * 64
        + "\r\n# x==1\n\n-r other.txt\n"
    )
    assert locked_packages(_locked(text)) == (LockedPackage("uvicorn", "0.32", ("d" * 64,)),)


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.floats()), st.dictionaries(st.text(), st.text()), st.text())
def test_foreign_names_make_no_invalid_document(metrics: dict[str, float], datasets: dict[str, str], lock: str) -> None:
    _document(lock=_locked(lock), version=replace(VERSION, metrics=dict(metrics), datasets=datasets))
