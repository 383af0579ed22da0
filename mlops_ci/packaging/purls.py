"""Package URLs, by which bills of materials and provenance name software (the purl specification). Pure."""

from __future__ import annotations

from urllib.parse import quote


def python_purl(name: str, version: str) -> str:
    """The URL of a Python package, whose name is normalised."""
    return f"pkg:pypi/{name}@{quote(version, safe='')}"


def image_purl(reference: str) -> str:
    """The URL of an image, from ``registry/repository[:tag][@digest]``: its last name, digest, and all the rest."""
    name, _, digest = reference.partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:  # the colon is that of a port, or there is none
        repository, tag = name, ""
    last = quote(repository.rpartition("/")[2].lower(), safe="")
    version = f"@{quote(digest, safe='')}" if digest else ""
    return f"pkg:oci/{last}{version}?repository_url={quote(repository, safe='/')}" + (
        f"&tag={quote(tag)}" if tag else ""
    )
