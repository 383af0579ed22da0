"""Images by the user's own Dockerfile, which the local Docker Engine builds from the model package."""

from __future__ import annotations

from dataclasses import replace

from mlops_ci.edge.docker_engine import open_engine
from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.errors import ConflictError, UsageError
from mlops_ci.lifecycle.imaging import Workshop, target_of
from mlops_ci.lifecycle.model_package import make_package
from mlops_ci.packaging import provenance, sbom
from mlops_ci.packaging.assembly import created_at, labels_of
from mlops_ci.packaging.engine import build, push
from mlops_ci.packaging.publishing import Attachment, attach
from mlops_ci.packaging.reference import require_tag
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.image import Image
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.serving import ServingManifest
from mlops_ci.registry.images import record_image

_NAME = "Dockerfile"


def build_own(shop: Workshop, version: ModelVersion) -> tuple[Image, str]:
    """Let the Engine build; returns the image, and what it is called in the Engine.

    The context is the model package, with the Dockerfile of the version's commit in it.

    Raises:
        UsageError: there is no Dockerfile, or it cannot be built.
        RemoteError: the Engine cannot be reached.
    """
    image, _, name = _build(shop, version)
    return image, name


def push_own(shop: Workshop, version: ModelVersion, repository: str, tags: tuple[str, ...]) -> Image:
    """Build it, push it from the Engine, attach its documents, and record it in the model's log.

    Raises:
        RemoteError: the Engine or the registry cannot be reached, or refuses.
    """
    target = target_of(repository)
    tags = tuple(map(require_tag, tags or (f"v{version.version}",)))
    image, package, name = _build(shop, version)
    engine = open_engine(shop.environ)
    for tag in tags:
        digest, reference = push(engine, name, target.name, tag, on_line=shop.say)
        image = replace(image, digest=digest, reference=reference)
    registry = shop.registry(target.registry, target.registry)
    pushed = registry.manifest(target.repository, image.digest)
    if pushed is None:
        raise UsageError("the registry does not have what was pushed", where=image.reference, hint="push it again")
    documents = (
        Attachment(sbom.MEDIA_TYPE, sbom.sbom(image, None, version, package), "sbom.cdx.json"),
        Attachment(
            provenance.MEDIA_TYPE, provenance.provenance(image, version, shop.builder), "provenance.intoto.json"
        ),
    )
    attach(documents, pushed.descriptor, target, registry)
    bill, origin = (digest_of_bytes(each.data) for each in documents)
    image = replace(image, sbom=bill, provenance=origin)
    record_image(shop.log_of(version.model), version.version, image)
    return image


def _build(shop: Workshop, version: ModelVersion) -> tuple[Image, ServingManifest, str]:
    path = shop.project.image.dockerfile
    if path is None:
        raise AssertionError("asked for only where there is a Dockerfile")
    name = f"{version.model}:v{version.version}"
    with scratch_folder() as scratch:
        context = scratch / "context"
        package = make_package(
            version, shop.project.serve, context, store=shop.store, log_of=shop.log_of, read_code=shop.read_code
        )
        dockerfile = shop.read_code(version, (path,)).get(path)
        if dockerfile is None:
            raise UsageError("image.dockerfile is no file", where=path, hint="mend mlops.yaml")
        if (context / _NAME).exists():
            raise ConflictError("the model package has a file of that name", where=_NAME)
        (context / _NAME).write_bytes(dockerfile)
        labels = labels_of(version, "", created_at(version))
        image = build(
            open_engine(shop.environ), context, _NAME,
            name=name, platform=shop.project.image.platform, labels=labels, on_line=shop.say,
        )  # fmt: skip
    return image, package, name
