"""Names of images: ``registry/repository:tag@sha256:…``. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from mlops_ci.errors import UsageError
from mlops_ci.records.digest import is_digest

# Distribution specification 1.1: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
_REPOSITORY = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_HOST = re.compile(r"([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?")
DOCKER_HUB = "docker.io"
_LONGEST_REPOSITORY = 255


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image: in a repository of a registry, by tag, by digest, or by both, of which the digest counts."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """Registry and repository."""
        return f"{self.registry}/{self.repository}"

    @property
    def selector(self) -> str:
        """What a registry is asked for."""
        return self.digest or self.tag or "latest"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.name}{tag}@{self.digest}" if self.digest else f"{self.name}{tag}"

    def pinned(self, digest: str) -> ImageReference:
        """The same, by digest."""
        return replace(self, digest=digest)


def parse_image(text: str) -> ImageReference:
    """Parse the name of an image; without a registry it is one of Docker Hub.

    Raises:
        UsageError: it is none.
    """
    rest, at, digest = text.partition("@")
    first, slash, path = rest.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry = first
    else:
        registry, path = DOCKER_HUB, rest
    path, colon, tag = path.partition(":")
    if registry in {"index.docker.io", "registry-1.docker.io"}:
        registry = DOCKER_HUB
    if registry == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    if (
        not _HOST.fullmatch(registry)
        or not _REPOSITORY.fullmatch(path)
        or len(path) > _LONGEST_REPOSITORY
        or (colon and not _TAG.fullmatch(tag))
        or (at and not is_digest(digest))
    ):
        hint = "write REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:..., in lower case"
        raise UsageError("not the name of an image", where=repr(text[:120]), hint=hint)
    return ImageReference(registry, path, tag or None, digest or None)


def require_tag(text: str) -> str:
    """Return a tag.

    Raises:
        UsageError: it is none.
    """
    if not _TAG.fullmatch(text):
        hint = "use at most 128 letters, digits, '.', '_' and '-', and neither '.' nor '-' at first"
        raise UsageError("not a tag", where=repr(text[:140]), hint=hint)
    return text
