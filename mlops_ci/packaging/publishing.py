"""Brings an image to a registry: what is missing there, and nothing twice.

Blobs come first and tags last, so that whoever is interrupted has published nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mlops_ci.packaging import oci
from mlops_ci.packaging.assembly import Assembly
from mlops_ci.packaging.base import Base
from mlops_ci.packaging.blobs import Blobs
from mlops_ci.packaging.oci import Descriptor, Document
from mlops_ci.packaging.reference import ImageReference
from mlops_ci.packaging.registry import Registry, referrers_tag

Moved = Literal["there", "mounted", "sent"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document that goes with an image; ``kind`` is its media type, and of what is attached, too."""

    kind: str
    data: bytes
    title: str

    def manifest(self, subject: Descriptor) -> Document:
        """What attaches it to an image."""
        content = Descriptor(self.kind, Document(self.kind, self.data).digest, len(self.data))
        return oci.attachment(self.kind, content, subject, {"org.opencontainers.image.title": self.title})


@dataclass(frozen=True, slots=True)
class Finished:
    """An image that has all it needs: ``files`` are our own layers, by digest."""

    assembly: Assembly
    base: Base
    files: Mapping[str, Path]


def publish(
    image: Finished,
    target: ImageReference,
    registry: Registry,
    *,
    base_registry: Registry,
    blobs: Blobs,
    siblings: Sequence[str] = (),
) -> dict[str, Moved]:
    """Send an image without a tag; tell what became of each layer.

    Args:
        image: the image.
        target: the repository.
        registry: where that is.
        base_registry: where the base is.
        blobs: keeps layers of the base that have to be fetched.
        siblings: other repositories of the registry, which may have our layers.

    Raises:
        RemoteError: a registry cannot be reached, or refuses.
    """
    repository = target.repository
    moved: dict[str, Moved] = {}
    for layer in image.assembly.layers:
        ours = image.files.get(layer.digest)
        from_base = [image.base.reference.repository] if registry.name == base_registry.name and not ours else []
        sources = [each for each in (*from_base, *(siblings if ours else ())) if each != repository]
        if registry.has_blob(repository, layer.digest):
            moved[layer.digest] = "there"
        elif any(registry.mount(repository, layer.digest, source) for source in sources):
            moved[layer.digest] = "mounted"
        else:
            path = ours or blobs.fetch(base_registry, image.base.reference.repository, layer.digest)
            registry.upload(repository, layer.digest, path)
            moved[layer.digest] = "sent"
    _send(registry, repository, image.assembly.config)
    manifest = image.assembly.manifest
    registry.put(repository, manifest.digest, manifest)
    return moved


def attach(attachments: Sequence[Attachment], subject: Descriptor, target: ImageReference, registry: Registry) -> None:
    """Attach documents to an image that is there; again changes nothing.

    Raises:
        RemoteError: the registry cannot be reached, or refuses.
    """
    repository = target.repository
    unaccounted: list[Descriptor] = []
    for each in attachments:
        manifest = each.manifest(subject)
        _send(registry, repository, Document(each.kind, each.data))
        _send(registry, repository, Document(oci.EMPTY, oci.EMPTY_DOCUMENT))
        reply = registry.put(repository, manifest.digest, manifest)
        if "OCI-Subject" not in reply.headers:
            described = manifest.descriptor
            unaccounted.append(Descriptor(described.media_type, described.digest, described.size, {}, each.kind))
    if unaccounted:
        _account(unaccounted, subject, repository, registry)


def _account(attached: Sequence[Descriptor], subject: Descriptor, repository: str, registry: Registry) -> None:
    """Keep account of attachments by a tag, where the registry does not (distribution specification, referrers)."""
    tag = referrers_tag(subject.digest)
    known = registry.manifest(repository, tag)
    before = oci.descriptors(oci.read_document(known.data, tag), "manifests", tag) if known else ()
    after = oci.index(tuple({each.digest: each for each in (*before, *attached)}.values()))
    if known is None or known.data != after.data:
        registry.put(repository, tag, after)


def _send(registry: Registry, repository: str, document: Document) -> None:
    if not registry.has_blob(repository, document.digest):
        registry.upload(repository, document.digest, document.data)
