"""The image that another one stands on: found by name, then known by digest. Its layers stay where they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from mlops_ci.errors import UsageError
from mlops_ci.packaging import oci
from mlops_ci.packaging.blobs import Blobs
from mlops_ci.packaging.oci import BaseManifest, Document
from mlops_ci.packaging.platforms import choose
from mlops_ci.packaging.reference import ImageReference
from mlops_ci.packaging.registry import Registry

_PYTHON = re.compile(r"PYTHON_VERSION=(3\.[0-9]+)(?:[.a-z][0-9a-z.]*)?")


@dataclass(frozen=True, slots=True)
class Base:
    """A base for one platform: where it is, and what it says of itself. ``reference`` has the digest."""

    reference: ImageReference
    manifest: BaseManifest

    @property
    def settings(self) -> dict[str, Any]:
        """What containers of it are started with."""
        found = self.manifest.config.get("config")
        return found if isinstance(found, dict) else {}

    def python(self, chosen: str | None) -> str:
        """The minor version of its Python: as chosen, else as the base says.

        Raises:
            UsageError: neither says.
        """
        if chosen:
            return chosen
        for setting in self.settings.get("Env") or ():
            if isinstance(setting, str) and (found := _PYTHON.fullmatch(setting)):
                return found[1]
        hint = 'say it in mlops.yaml: image: {python: "3.12"}'
        raise UsageError("the base does not say which Python it has", where=str(self.reference), hint=hint)


def resolve_base(reference: ImageReference, registry: Registry) -> str:
    """The digest that a tag has now.

    Raises:
        UsageError: there is no such image.
    """
    return _require(registry.manifest(reference.repository, reference.selector), reference).digest


def read_base(reference: ImageReference, platform: str, registry: Registry, blobs: Blobs) -> Base:
    """What a base, given by digest, says of itself.

    Args:
        reference: the base.
        platform: the platform that it is wanted for.
        registry: where it is.
        blobs: keeps its documents, so that they are asked for once.

    Raises:
        UsageError: there is no such image, or not for that platform.
        RemoteError: the registry cannot be reached, or the image is none that can be stood upon.
    """
    where = str(reference)
    found = _read(reference, registry, blobs)
    if found.media_type in oci.INDEXES:
        document = oci.read_document(found.data, where)
        chosen = choose(oci.descriptors(document, "manifests", where), platform, where)
        found = _read(reference.pinned(chosen.digest), registry, blobs)
    if found.media_type not in oci.MANIFESTS:
        hint = "choose another image.base"
        raise UsageError("the base is not an image", where=where, hint=hint)
    document = oci.read_document(found.data, where)
    config = oci.descriptor(document.get("config"), where)
    data = blobs.known(config.digest)
    if data is None:
        data = registry.blob(reference.repository, config.digest)
        if data is None:
            raise UsageError("the registry lacks the configuration of the base", where=where)
        blobs.keep(data)
    settings = oci.read_document(data, where)
    if settings.get("architecture") != platform.split("/")[1]:
        hint = "mend image.platform, or choose another image.base"
        raise UsageError(f"the base is made for {settings.get('architecture')}, not {platform}", where=where, hint=hint)
    return Base(reference, oci.base_manifest(document, settings, where))


def _read(reference: ImageReference, registry: Registry, blobs: Blobs) -> Document:
    digest = reference.selector
    data = blobs.known(digest)
    if data is None:
        data = _require(registry.manifest(reference.repository, digest), reference).data
        blobs.keep(data)
    return Document(oci.kind_of(oci.read_document(data, str(reference))), data)


def _require(found: Document | None, reference: ImageReference) -> Document:
    if found is None:
        hint = "check image.base, and that it was pushed"
        raise UsageError("there is no such base image", where=str(reference), hint=hint)
    return found
