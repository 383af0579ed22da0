"""Looks into an image: one of a registry, or one written as a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.packaging import oci, provenance, sbom
from mlops_ci.packaging.assembly import LAYER_KIND
from mlops_ci.packaging.credentials import Credentials
from mlops_ci.packaging.layout import Layout
from mlops_ci.packaging.oci import Descriptor
from mlops_ci.packaging.reference import parse_image
from mlops_ci.packaging.registry import Registry

_BASE_NAME, _BASE_DIGEST = "org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"
Read = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class LayerShown:
    """A layer: ``kind`` is known of those that we have made, and of those below them."""

    kind: str | None
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Description:
    """What an image is, and what is in it as far as its bill of materials tells."""

    digest: str
    platform: str
    base: str | None
    user: str | None
    layers: tuple[LayerShown, ...]
    labels: dict[str, str] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    sbom: str | None = None
    provenance: str | None = None


def describe_image(name: str, environ: Mapping[str, str]) -> Description:
    """Describe an image of a registry.

    Raises:
        UsageError: there is none.
        RemoteError: the registry cannot be reached, or refuses.
    """
    reference = parse_image(name)
    registry = Registry(reference.registry, Credentials(environ, reference.registry))
    found = registry.manifest(reference.repository, reference.selector)
    if found is None:
        raise UsageError("there is no such image", where=str(reference), hint="check its name, tag or digest")
    attached = registry.attached(reference.repository, found.digest)

    def read(digest: str) -> bytes:
        data = registry.blob(reference.repository, digest)
        if data is None and (manifest := registry.manifest(reference.repository, digest)):
            data = manifest.data
        if data is None:
            raise IntegrityError("the registry lacks a part of the image", where=f"{reference.name}@{digest}")
        return data

    return _describe(found.digest, found.data, attached, read)


def describe_folder(folder: Path) -> Description:
    """Describe an image that was written as a folder.

    Raises:
        UsageError: it is none.
        IntegrityError: it is damaged.
    """
    layout = Layout(folder)
    manifests = layout.manifests()
    image = next((each for each in manifests if each.artifact_type is None), None)
    if image is None:
        raise UsageError("there is no image in the folder", where=str(folder))
    attached = [each for each in manifests if each.artifact_type is not None]
    return _describe(image.digest, layout.blob(image.digest), attached, layout.blob)


def _describe(digest: str, data: bytes, attached: Sequence[Descriptor], read: Read) -> Description:
    manifest = oci.read_document(data, digest)
    if oci.kind_of(manifest) in oci.INDEXES:
        raise UsageError("the image is for several platforms", where=digest, hint="name one of them by its digest")
    config = oci.read_document(read(oci.descriptor(manifest.get("config"), digest).digest), digest)
    settings = _mapping(config.get("config"))
    labels = {str(key): str(value) for key, value in sorted(_mapping(settings.get("Labels")).items())}
    by_kind = {each.artifact_type: _content(each, read) for each in attached if each.artifact_type}
    bill = by_kind.get(sbom.MEDIA_TYPE)
    models, packages = _contents(read(bill)) if bill else ((), ())
    name, base_digest = labels.get(_BASE_NAME), labels.get(_BASE_DIGEST)
    return Description(
        digest=digest,
        platform=f"{config.get('os')}/{config.get('architecture')}",
        base=f"{name}@{base_digest}" if name and base_digest else name,
        user=settings.get("User") or None,
        layers=_layers(oci.descriptors(manifest, "layers", digest)),
        labels=labels,
        models=models,
        packages=packages,
        sbom=bill,
        provenance=by_kind.get(provenance.MEDIA_TYPE),
    )


def _layers(layers: Sequence[Descriptor]) -> tuple[LayerShown, ...]:
    ours = any(LAYER_KIND in layer.annotations for layer in layers)
    below = "base" if ours else None
    return tuple(LayerShown(layer.annotations.get(LAYER_KIND, below), layer.digest, layer.size) for layer in layers)


def _content(attached: Descriptor, read: Read) -> str:
    """The digest of the document that is attached."""
    manifest = oci.read_document(read(attached.digest), attached.digest)
    return oci.descriptors(manifest, "layers", attached.digest)[0].digest


def _contents(bill: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Models and packages that a bill of materials names."""
    components = [each for each in oci.read_document(bill, "SBOM").get("components") or () if isinstance(each, dict)]

    def named(kind: str, between: str) -> tuple[str, ...]:
        chosen = (each for each in components if each.get("type") == kind)
        return tuple(f"{each.get('name')}{between}{each.get('version')}" for each in chosen)

    return named("machine-learning-model", " v"), named("library", " ")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
