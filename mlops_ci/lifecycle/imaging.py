"""Builds the container image of a version, and brings it to a registry or into the local Docker Engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.edge.docker_engine import open_engine
from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.base_lock import pinned_base
from mlops_ci.lifecycle.image_software import software
from mlops_ci.lifecycle.model_package import ReadCode, make_package
from mlops_ci.packaging import provenance, sbom
from mlops_ci.packaging.assembly import assemble, created_at, labels_of
from mlops_ci.packaging.base import Base, read_base
from mlops_ci.packaging.blobs import Blobs
from mlops_ci.packaging.credentials import Credentials
from mlops_ci.packaging.dependencies import dependencies
from mlops_ci.packaging.engine import load
from mlops_ci.packaging.layers import LayerFile, Layers
from mlops_ci.packaging.layout import write_layout
from mlops_ci.packaging.model_layer import model_layer
from mlops_ci.packaging.publishing import Attachment, Finished, Moved, attach, publish
from mlops_ci.packaging.reference import ImageReference, parse_image, require_tag
from mlops_ci.packaging.registry import Registry
from mlops_ci.packaging.server_layer import server_layer
from mlops_ci.project.project import Project
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.image import Image, Layer
from mlops_ci.records.model_version import ModelVersion
from mlops_ci.records.serving import ServingManifest
from mlops_ci.registry.images import record_image
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.workspace.store import Store


@dataclass(frozen=True, slots=True)
class Workshop:
    """What images are made with.

    ``log_of`` opens the log of a model of the workspace ``store``; ``read_code`` finds entry scripts; ``say`` tells
    people what happens; ``builder`` is who builds.
    """

    project: Project
    folder: Path
    store: Store
    log_of: Callable[[str], ModelLog]
    read_code: ReadCode
    environ: Mapping[str, str]
    say: Callable[[str], None]
    builder: provenance.Builder

    @property
    def cache(self) -> Path:
        """Where this machine keeps layers and documents."""
        return cache_folder(self.environ).absolute() / "images"

    @property
    def blobs(self) -> Blobs:
        """What was fetched from registries."""
        return Blobs(self.cache / "blobs")

    def registry(self, name: str, target: str | None) -> Registry:
        """A registry; the variables with a credential are for the one that is pushed to."""
        return Registry(name, Credentials(self.environ, target))


@dataclass(frozen=True, slots=True)
class Built:
    """An image on this machine, and what it was made of."""

    version: ModelVersion
    image: Image
    finished: Finished
    package: ServingManifest
    lock: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """An image in a registry, and what became of each of its layers."""

    image: Image
    moved: Mapping[str, Moved]


def build_image(
    shop: Workshop, version: ModelVersion, *, target: str | None = None, update_base: bool = False
) -> Built:
    """Build the image of a version without a Docker daemon: the same inputs have the same digest.

    Args:
        shop: what it is made with.
        version: the version.
        target: the repository that it is meant for, if any; its registry may have the base, too.
        update_base: look the base up anew.

    Raises:
        UsageError: the version cannot be served, or the image cannot be made as ``mlops.yaml`` says.
        RemoteError: a registry or package index cannot be reached.
    """
    choice, epoch = shop.project.image, _epoch(shop.environ)
    base = find_base(shop, target=target, update=update_base)
    python = base.python(choice.python)
    layers = Layers(shop.cache / "layers", scratch_folder, epoch or 0)
    with scratch_folder() as scratch:
        folder = scratch / "package"
        package = make_package(
            version, shop.project.serve, folder, store=shop.store, log_of=shop.log_of, read_code=shop.read_code
        )
        lock = software(
            version, package, python, folder=shop.folder, store=shop.store, environ=shop.environ
        )  # fmt: skip
        made = [
            layers.find(dependencies(lock, python, choice.platform, shop.environ)),
            layers.find(server_layer()),
            layers.find(model_layer(folder)),
        ]
    reference, created = str(base.reference), created_at(version, epoch)
    assembly = assemble(
        base.manifest,
        [one.layer for one in made],
        labels=labels_of(version, reference, created),
        created=created,
        platform=choice.platform,
    )
    image = Image(
        digest=assembly.manifest.digest,
        platform=choice.platform,
        base=reference,
        layers=(*_base_layers(base), *(one.layer for one in made)),
        lock=digest_of_bytes(lock.encode()),
    )
    return Built(version, image, Finished(assembly, base, _files(made)), package, lock)


def find_base(shop: Workshop, *, target: str | None, update: bool) -> Base:
    """The base of the project's images; says which one it is.

    Raises:
        UsageError: there is no such image, or none for the platform.
    """
    named = parse_image(shop.project.image.base)
    registry = shop.registry(named.registry, parse_image(target).registry if target else None)
    pinned = pinned_base(named, registry, shop.store, update=update)
    shop.say(f"base: {pinned}")
    return read_base(pinned, shop.project.image.platform, registry, shop.blobs)


def attachments(built: Built, image: Image, builder: provenance.Builder) -> tuple[Attachment, ...]:
    """The bill of materials and the provenance of an image."""
    return (
        Attachment(sbom.MEDIA_TYPE, sbom.sbom(image, built.lock, built.version, built.package), "sbom.cdx.json"),
        Attachment(
            provenance.MEDIA_TYPE, provenance.provenance(image, built.version, builder), "provenance.intoto.json"
        ),
    )


def push_image(shop: Workshop, built: Built, repository: str, tags: tuple[str, ...]) -> Pushed:
    """Push an image, attach its documents, tag it, and record it in the model's log.

    Raises:
        RemoteError: the registry cannot be reached, or refuses. Without a tag there is nothing to be found then.
    """
    target = target_of(repository)
    registry = shop.registry(target.registry, target.registry)
    base = built.finished.base.reference
    base_registry = registry if base.registry == target.registry else shop.registry(base.registry, target.registry)
    earlier = {parse_image(one.reference) for one in built.version.images if one.reference}
    siblings = sorted({one.repository for one in earlier if one.registry == target.registry} - {target.repository})
    tags = tuple(map(require_tag, tags or (f"v{built.version.version}",)))
    moved = publish(
        built.finished, target, registry, base_registry=base_registry, blobs=shop.blobs, siblings=siblings
    )  # fmt: skip
    image = replace(built.image, reference=str(target.pinned(built.image.digest)))
    documents = attachments(built, image, shop.builder)
    manifest = built.finished.assembly.manifest
    attach(documents, manifest.descriptor, target, registry)
    for tag in tags:
        registry.put(target.repository, tag, manifest)
    bill, origin = (digest_of_bytes(each.data) for each in documents)
    image = replace(image, sbom=bill, provenance=origin)
    record_image(shop.log_of(built.version.model), built.version.version, image)
    return Pushed(image, moved)


def target_of(repository: str) -> ImageReference:
    """The repository to push to.

    Raises:
        UsageError: it is none.
    """
    target = parse_image(repository)
    if target.tag or target.digest:
        raise UsageError("a repository has neither tag nor digest", where=repository, hint="say the tag with --tag")
    return target


def write_image(shop: Workshop, built: Built, folder: Path) -> None:
    """Write an image as a folder: an OCI image layout, with all its layers and documents."""
    documents = attachments(built, built.image, shop.builder)
    write_layout(folder, built.finished.assembly, _all_layers(shop, built), documents, f"v{built.version.version}")


def load_image(shop: Workshop, built: Built) -> str:
    """Load an image into the local Docker Engine, and return what it is called there."""
    name = f"{built.version.model}:v{built.version.version}"
    files = _all_layers(shop, built)
    layers = [files[layer.digest] for layer in built.finished.assembly.layers]
    load(open_engine(shop.environ), built.finished.assembly.config.data, layers, name)
    return name


def _all_layers(shop: Workshop, built: Built) -> dict[str, Path]:
    """The files of all layers, those of the base fetched."""
    base = built.finished.base
    registry = shop.registry(base.reference.registry, None)
    fetched = {
        layer.digest: shop.blobs.fetch(registry, base.reference.repository, layer.digest)
        for layer in base.manifest.layers
    }
    return fetched | dict(built.finished.files)


def _base_layers(base: Base) -> tuple[Layer, ...]:
    ids = base.manifest.config["rootfs"]["diff_ids"]
    return tuple(
        Layer("base", layer.digest, diff_id, layer.size)
        for layer, diff_id in zip(base.manifest.layers, ids, strict=True)
    )


def _files(made: list[LayerFile]) -> dict[str, Path]:
    return {one.layer.digest: one.path for one in made}


def _epoch(environ: Mapping[str, str]) -> int | None:
    """``SOURCE_DATE_EPOCH``: https://reproducible-builds.org/specs/source-date-epoch/."""
    text = environ.get("SOURCE_DATE_EPOCH")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise UsageError("SOURCE_DATE_EPOCH is not a number of seconds", where=repr(text[:40]), hint="unset it")
    return int(text)
