"""The documents of an image: manifest, configuration, index, and what is attached to it. Pure.

Image format specification 1.1: https://github.com/opencontainers/image-spec/blob/v1.1.0/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from mlops_ci.errors import RemoteError
from mlops_ci.records.codec import encode, plain
from mlops_ci.records.digest import digest_of_bytes, is_digest

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY = "application/vnd.oci.empty.v1+json"
EMPTY_DOCUMENT = b"{}"
MANIFESTS = frozenset({MANIFEST, "application/vnd.docker.distribution.manifest.v2+json"})
INDEXES = frozenset({INDEX, "application/vnd.docker.distribution.manifest.list.v2+json"})
# Docker's own names of the same formats, of which manifests in the open format speak by the open names.
_DOCKER_LAYERS = {
    "application/vnd.docker.image.rootfs.diff.tar.gzip": LAYER,
    "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.oci.image.layer.v1.tar",
}
_KINDS_OF_LAYERS = frozenset({LAYER, "application/vnd.oci.image.layer.v1.tar", f"{LAYER.removesuffix('gzip')}zstd"})


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A blob or manifest: its kind, digest and size."""

    media_type: str
    digest: str
    size: int
    annotations: dict[str, str] = field(default_factory=dict)
    artifact_type: str | None = None
    platform: dict[str, str] | None = None

    def document(self) -> dict[str, Any]:
        """As it stands in a manifest."""
        found: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.artifact_type:
            found["artifactType"] = self.artifact_type
        if self.annotations:
            found["annotations"] = self.annotations
        if self.platform:
            found["platform"] = self.platform
        return found


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of a manifest or a configuration, and what it is called by."""

    media_type: str
    data: bytes

    @property
    def digest(self) -> str:
        """Its digest."""
        return digest_of_bytes(self.data)

    @property
    def descriptor(self) -> Descriptor:
        """Its descriptor."""
        return Descriptor(self.media_type, self.digest, len(self.data))


@dataclass(frozen=True, slots=True)
class BaseManifest:
    """What a base says of itself: the descriptors of its layers in our terms, and its configuration."""

    layers: tuple[Descriptor, ...]
    config: dict[str, Any]


def document(media_type: str, value: Mapping[str, Any]) -> Document:
    """A document of a value; equal values give equal bytes."""
    return Document(media_type, encode(value))


def manifest(config: Descriptor, layers: Sequence[Descriptor], annotations: Mapping[str, str]) -> Document:
    """The manifest of an image."""
    value = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.document(),
        "layers": [layer.document() for layer in layers],
        "annotations": dict(annotations),
    }
    return document(MANIFEST, value)


def attachment(kind: str, content: Descriptor, subject: Descriptor, annotations: Mapping[str, str]) -> Document:
    """The manifest of something that is attached to an image, its ``subject``."""
    value = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": kind,
        "config": Document(EMPTY, EMPTY_DOCUMENT).descriptor.document(),
        "layers": [content.document()],
        "subject": Descriptor(subject.media_type, subject.digest, subject.size).document(),
        "annotations": dict(annotations),
    }
    return document(MANIFEST, value)


def index(manifests: Sequence[Descriptor]) -> Document:
    """An index: of a layout, or of what is attached to an image where the registry keeps no account of it."""
    ordered = sorted(manifests, key=lambda each: each.digest)
    value = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [each.document() for each in ordered]}
    return document(INDEX, value)


def read_document(data: bytes, where: str) -> dict[str, Any]:
    """A manifest, index or configuration from outside.

    Raises:
        RemoteError: it is none.
    """
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RemoteError("the registry answered with a document that is no JSON", where=where) from error
    if not isinstance(found, dict):
        raise RemoteError("the registry answered with a document that is no object", where=where)
    return found


def kind_of(value: Mapping[str, Any]) -> str:
    """The media type of a manifest or index, which need not name it: then what is in it tells."""
    stated = value.get("mediaType")
    return stated if isinstance(stated, str) else INDEX if "manifests" in value else MANIFEST


def descriptors(value: Mapping[str, Any], key: str, where: str) -> tuple[Descriptor, ...]:
    """The descriptors of a document from outside, under ``key``.

    Raises:
        RemoteError: they are none.
    """
    items = value.get(key)
    if not isinstance(items, list):
        raise RemoteError(f"the registry answered with a document without {key}", where=where)
    return tuple(descriptor(item, where) for item in items)


def descriptor(item: Any, where: str) -> Descriptor:
    """A descriptor from outside.

    Raises:
        RemoteError: it is none.
    """
    try:
        made = msgspec.convert(item, _Stated)
    except msgspec.ValidationError as error:
        raise RemoteError(f"the registry answered with a bad descriptor: {error}", where=where) from error
    if not is_digest(made.digest) or made.size < 0:
        raise RemoteError("the registry answered with a descriptor without a SHA-256 digest", where=where)
    platform = {key: str(value) for key, value in (made.platform or {}).items() if isinstance(value, str)}
    return Descriptor(
        made.media_type, made.digest, made.size, made.annotations or {}, made.artifact_type, platform or None
    )


def base_manifest(value: Mapping[str, Any], config: Mapping[str, Any], where: str) -> BaseManifest:
    """A base, from its manifest and configuration.

    Raises:
        RemoteError: its layers cannot be stood upon.
    """
    layers = []
    for layer in descriptors(value, "layers", where):
        media_type = _DOCKER_LAYERS.get(layer.media_type, layer.media_type)
        if media_type not in _KINDS_OF_LAYERS:
            what = f"the base has a layer of a kind that cannot be passed on: {layer.media_type}"
            raise RemoteError(what, where=where, hint="choose another image.base")
        layers.append(Descriptor(media_type, layer.digest, layer.size))
    rootfs = config.get("rootfs")
    ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if not isinstance(ids, list) or len(ids) != len(layers) or not all(isinstance(each, str) for each in ids):
        raise RemoteError("the base's manifest and configuration have different layers", where=where)
    return BaseManifest(tuple(layers), plain(config))


class _Stated(msgspec.Struct, rename="camel"):
    """A descriptor as it stands in a document."""

    media_type: str
    digest: str
    size: int
    annotations: dict[str, str] | None = None
    artifact_type: str | None = None
    platform: dict[str, Any] | None = None
