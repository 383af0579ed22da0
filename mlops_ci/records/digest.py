"""SHA-256 digests, written ``sha256:<64 hex digits>`` wherever they are stored."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from mlops_ci.records.codec import encode

PREFIX = "sha256:"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def digest_of_bytes(data: bytes) -> str:
    """Digest of bytes."""
    return PREFIX + hashlib.sha256(data).hexdigest()


def digest_of_value(value: object) -> str:
    """Digest of a value made of mappings, sequences, scalars and records, by its canonical JSON."""
    return digest_of_bytes(encode(value))


def digest_of_tree(files: Iterable[tuple[str, str]]) -> str:
    """Digest of a set of files given as (path, digest), whatever their order."""
    return digest_of_value(sorted(files))


def is_digest(text: str) -> bool:
    """Whether a text from outside is a digest; it becomes a file's name."""
    return bool(_DIGEST.fullmatch(text))


def hexadecimal(digest: str) -> str:
    """The hexadecimal part of a digest."""
    return digest.removeprefix(PREFIX)


def short(digest: str) -> str:
    """The first twelve hexadecimal digits, for people."""
    return hexadecimal(digest)[:12]
