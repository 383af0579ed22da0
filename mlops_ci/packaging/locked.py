"""The packages that a lock names, in the form that pip and uv read and write. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PINNED = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\[[^\]]*\])?\s*==\s*([A-Za-z0-9.!+_-]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_CONTINUED = re.compile(r"\\\r?\n")
_SEPARATORS = re.compile(r"[-_.]+")


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """A package by its normalised name, and the SHA-256 digests of the files that the lock accepts for it."""

    name: str
    version: str
    hashes: tuple[str, ...] = ()


def locked_packages(lock: str) -> tuple[LockedPackage, ...]:
    """The pinned packages of a lock, by name; lines that pin nothing say nothing here."""
    found: dict[tuple[str, str], set[str]] = {}
    for line in _CONTINUED.sub(" ", lock).splitlines():
        if pinned := _PINNED.match(line.strip()):
            name = _SEPARATORS.sub("-", pinned[1]).lower()
            found.setdefault((name, pinned[2]), set()).update(_HASH.findall(line))
    return tuple(LockedPackage(name, version, tuple(sorted(found[name, version]))) for name, version in sorted(found))
