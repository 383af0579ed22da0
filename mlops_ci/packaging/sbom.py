"""What an image consists of, as a bill of materials in CycloneDX 1.6. Pure; equal images have equal documents."""

from __future__ import annotations

import uuid
from typing import Any

from mlops_ci import __version__
from mlops_ci.packaging.locked import LockedPackage, locked_packages
from mlops_ci.packaging.purls import image_purl, python_purl
from mlops_ci.records.codec import encode
from mlops_ci.records.digest import hexadecimal
from mlops_ci.records.image import Image
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.serving import ServedModel, ServingManifest

MEDIA_TYPE = "application/vnd.cyclonedx+json"
_SERIALS = uuid.UUID("5f0c86ab-6c1b-5f06-9d7a-6f8c3f6a0a5e")  # of our documents; any constant serves
_Component = dict[str, Any]


def sbom(image: Image, lock: str | None, version: ModelVersion, manifest: ServingManifest) -> bytes:
    """The document.

    It names the base, every package of the lock, the server and each model with what is known of it.

    Args:
        image: the image; its digest makes the serial number.
        lock: the lock of its software; None where the user's own Dockerfile decided about that.
        version: the version that the image was made of.
        manifest: what is served in it.
    """
    base = [_base(image.base)] if image.base else []
    packages = [_package(package) for package in locked_packages(lock or "")]
    server = {"type": "application", "bom-ref": "server", "name": "mlops-ci", "version": __version__}
    models = [_model(model, version) for model in manifest.models if model.kind != "ensemble"]
    components = [*base, *packages, server, *models]
    itself = {
        "type": "container",
        "bom-ref": "image",
        "name": version.model,
        "version": image.digest,
        "hashes": [_sha256(hexadecimal(image.digest))],
    }
    if image.reference:
        itself["purl"] = image_purl(image.reference)
    return encode({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_SERIALS, image.digest)}",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "mlops-ci", "version": __version__}]},
            "component": itself,
        },
        "components": components,
        "dependencies": [{"ref": "image", "dependsOn": [component["bom-ref"] for component in components]}],
    })  # fmt: skip


def _base(reference: str) -> _Component:
    name, _, digest = reference.partition("@")
    component: _Component = {"type": "container", "bom-ref": "base", "name": name}
    if digest:
        component |= {"version": digest, "hashes": [_sha256(hexadecimal(digest))], "purl": image_purl(reference)}
    return component


def _package(package: LockedPackage) -> _Component:
    purl = python_purl(package.name, package.version)
    component: _Component = {
        "type": "library",
        "bom-ref": purl,
        "name": package.name,
        "version": package.version,
        "purl": purl,
    }
    if package.hashes:
        component["hashes"] = [_sha256(digest) for digest in package.hashes]
    return component


def _model(model: ServedModel, version: ModelVersion) -> _Component:
    component: _Component = {
        "type": "machine-learning-model",
        "bom-ref": f"model:{model.name}",
        "name": model.name,
        "properties": [
            {"name": f"mlops-ci:{name}", "value": value}
            for name, value in (("commit", model.commit), ("digest", model.digest), ("kind", model.kind))
            if value
        ],
    }
    if model.version is not None:
        component["version"] = str(model.version)
    if model.digest and model.digest == version.digest:
        component["modelCard"] = _card(version)
    return component


def _card(version: ModelVersion) -> dict[str, Any]:
    """What is known of the version itself; of further models of the package only their identity is at hand."""
    parameters: dict[str, Any] = {
        "datasets": [
            {
                "type": "dataset",
                "name": name,
                "contents": {"properties": [{"name": "mlops-ci:digest", "value": digest}]},
            }
            for name, digest in sorted(version.datasets.items())
        ],
    }
    if version.signature:
        parameters["inputs"] = [{"format": f"{one.name}: {one.type}"} for one in version.signature.inputs]
        parameters["outputs"] = [{"format": f"{one.name}: {one.type}"} for one in version.signature.outputs]
    metrics = [
        {"type": name, "value": repr(value)} for name, value in sorted(version.metrics.items()) if value is not None
    ]
    return {"modelParameters": parameters, "quantitativeAnalysis": {"performanceMetrics": metrics}}


def _sha256(content: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": content}
