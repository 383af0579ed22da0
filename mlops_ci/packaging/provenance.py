"""How an image came to be: an in-toto Statement v1 with SLSA's provenance v1. Pure; it tells no time of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlops_ci import __version__
from mlops_ci.packaging.purls import image_purl
from mlops_ci.records.codec import encode
from mlops_ci.records.digest import hexadecimal
from mlops_ci.records.image import Image
from mlops_ci.records.model_version import ModelVersion

MEDIA_TYPE = "application/vnd.in-toto+json"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:mlops-ci:build:image:1"


@dataclass(frozen=True, slots=True)
class Builder:
    """Who builds: the kind of host (``github``, ``azure``, ``local``), and the address that shows the run."""

    host: str
    run: str | None = None


def provenance(image: Image, version: ModelVersion, builder: Builder) -> bytes:
    """The statement.

    Args:
        image: the image, the statement's subject.
        version: the version that the image was made of; its commit, files and lock are what the build depended on.
        builder: who built.
    """
    name = image.reference.partition("@")[0] if image.reference else version.model
    return encode({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": _digest(image.digest)}],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "model": version.model,
                    "version": version.version,
                    "platform": image.platform,
                    **({"base": image.base.partition("@")[0]} if image.base else {}),
                },
                "internalParameters": {},
                "resolvedDependencies": [*_sources(version), *_software(image), *_files(version)],
            },
            "runDetails": {
                "builder": {"id": f"urn:mlops-ci:host:{builder.host}", "version": {"mlops-ci": __version__}},
                "metadata": {"invocationId": builder.run} if builder.run else {},
            },
        },
    })  # fmt: skip


def _sources(version: ModelVersion) -> list[dict[str, Any]]:
    if version.commit is None:
        return []
    repository = version.source.repository if version.source else None
    digest = {"gitCommit": version.commit}
    # Without an address of the repository the commit alone identifies the source.
    return [{"name": "source", "digest": digest, **({"uri": f"git+{repository}"} if repository else {})}]


def _software(image: Image) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if image.base:
        digest = image.base.partition("@")[2]
        found.append({"name": "base", "uri": image_purl(image.base), **({"digest": _digest(digest)} if digest else {})})
    if image.lock:
        found.append({"name": "lock", "digest": _digest(image.lock)})
    return found


def _files(version: ModelVersion) -> list[dict[str, Any]]:
    files = list(version.files)
    form = version.conversion.form() if version.conversion else None
    if form:
        files.append(form.file)
    return [{"name": f"{version.model}/{file.path}", "digest": _digest(file.digest)} for file in files]


def _digest(digest: str) -> dict[str, str]:
    return {"sha256": hexadecimal(digest)}
