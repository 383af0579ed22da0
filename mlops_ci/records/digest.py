"""SHA-256 digests, written ``sha256:<64 hex digits>`` wherever they are stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from mlops_ci.records.codec import encode

PREFIX = "sha256:"


def digest_of_bytes(data: bytes) -> str:
    """Digest of bytes."""
    return PREFIX + hashlib.sha256(data).hexdigest()


def digest_of_value(value: object) -> str:
    """Digest of a value made of mappings, sequences, scalars and records, by its canonical JSON."""
    return digest_of_bytes(encode(value))


def digest_of_tree(files: Iterable[tuple[str, str]]) -> str:
    """Digest of a set of files given as (path, digest), whatever their order."""
    return digest_of_value(sorted(files))


def hexadecimal(digest: str) -> str:
    """The hexadecimal part of a digest."""
    return digest.removeprefix(PREFIX)


def short(digest: str) -> str:
    """The first twelve hexadecimal digits, for people."""
    return hexadecimal(digest)[:12]
