"""Images in the form that ``docker load`` reads everywhere: one archive with manifest, configuration and layers.

Every Engine takes this form, also those that know nothing of OCI layouts (before 25). The archive is never whole
anywhere: it is made while it is sent. Source: the Docker Image Specification v1.2,
https://github.com/moby/docker-image-spec/blob/v1.2.0/v1.2.md#combined-image-json--filesystem-changeset-format
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mlops_ci.errors import IntegrityError
from mlops_ci.records.digest import digest_of_bytes, hexadecimal, is_digest

_CHUNK = 1 << 20


def docker_archive(config: bytes, layers: Sequence[Path], name: str) -> Iterator[bytes]:
    """The archive, piece by piece.

    Args:
        config: the image's configuration.
        layers: the files of its layers, from the lowest; they may be compressed.
        name: what the image is called in the Engine, with tag.
    """
    file = f"{hexadecimal(digest_of_bytes(config))}.json"
    names = [f"{number:03}.layer" for number in range(len(layers))]
    yield from _entry("manifest.json", json.dumps([{"Config": file, "RepoTags": [name], "Layers": names}]).encode())
    yield from _entry(file, config)
    for entry, layer in zip(names, layers, strict=True):
        yield from _file(entry, layer)
    yield b"\0" * (2 * tarfile.BLOCKSIZE)


def layout_files(layout: Path) -> tuple[bytes, list[Path]]:
    """The configuration and the layers of an OCI layout that holds one image.

    Raises:
        IntegrityError: it is none, or holds several.
    """
    try:
        # Documents that are attached to an image lie beside it.
        entries = _document(layout / "index.json")["manifests"]
        (entry,) = [each for each in entries if "artifactType" not in each]
        manifest = _document(_blob(layout, entry["digest"]))
        config = _blob(layout, manifest["config"]["digest"]).read_bytes()
        return config, [_blob(layout, layer["digest"]) for layer in manifest["layers"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntegrityError("not an OCI layout of one image", where=str(layout)) from error


def _entry(name: str, content: bytes) -> Iterator[bytes]:
    yield _head(name, len(content))
    yield content
    yield _padding(len(content))


def _file(name: str, path: Path) -> Iterator[bytes]:
    size, sent = path.stat().st_size, 0
    yield _head(name, size)
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            sent += len(piece)
            yield piece
    if sent != size:
        raise IntegrityError("a layer changed while it was sent", where=str(path))
    yield _padding(size)


def _head(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry.tobuf()


def _padding(size: int) -> bytes:
    return b"\0" * (-size % tarfile.BLOCKSIZE)


def _document(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_bytes())
    if not isinstance(value, dict):
        raise TypeError("no object")
    return value


def _blob(layout: Path, digest: str) -> Path:
    if not is_digest(digest):
        raise ValueError("no digest")
    return layout / "blobs" / "sha256" / hexadecimal(digest)
