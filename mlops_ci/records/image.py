"""A container image of a model version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LayerKind = Literal["base", "dependencies", "server", "model"]


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: the digest and size in bytes of its compressed archive, and the digest of the archive itself."""

    kind: LayerKind
    digest: str
    diff_id: str
    size: int


@dataclass(frozen=True, slots=True)
class Image:
    """An image: its manifest's digest, and what is in it.

    ``reference`` is where it was pushed to (``registry/repository@sha256:…``), null before that. ``base`` is the image
    that it stands on, with digest. ``lock`` is the digest of the lock of its software. ``sbom`` and ``provenance`` are
    the digests of the documents attached to it. An image that the user's own Dockerfile made has no ``layers``.
    """

    digest: str
    platform: str
    base: str | None
    reference: str | None = None
    layers: tuple[Layer, ...] = ()
    lock: str | None = None
    sbom: str | None = None
    provenance: str | None = None


@dataclass(frozen=True, slots=True)
class BaseLock:
    """Which image the name of a base means until it is looked up anew: its digest."""

    base: str
    digest: str
