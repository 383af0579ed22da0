"""Names that places allow, out of names that people chose."""

from __future__ import annotations

import hashlib
import re

_LABEL = re.compile(r"[a-z](-?[a-z0-9])*\Z")
_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?\Z")
_DIGEST = 8


def host_label(*parts: str, most: int = 63) -> str:
    """The parts as one label of a host name (RFC 1035) of so many letters at most.

    Where anything has to be changed for that, a digest of the parts keeps different ones apart.
    """
    plain = "-".join(parts)
    if len(plain) <= most and _LABEL.match(plain):
        return plain
    words = re.sub("[^a-z0-9]+", "-", plain.lower()).strip("-")
    if not words[:1].isalpha():
        words = f"m-{words}"
    return f"{words[: most - _DIGEST - 1].rstrip('-')}-{_digest(*parts)}"


def label_value(text: str) -> str:
    """A text as the value of a Kubernetes label: of 63 letters at most, and not of every letter."""
    if _VALUE.match(text):
        return text
    words = re.sub("[^A-Za-z0-9_.-]+", "-", text).strip("-_.")
    return f"{words[: 63 - _DIGEST - 1]}-{_digest(text)}".lstrip("-_.")


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
