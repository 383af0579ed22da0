"""The packages that a lock names, of pip and of conda."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from mlops_ci.errors import IntegrityError
from mlops_ci.records.environment import CondaLock, EnvironmentLock

_PINNED = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\[[^\]]*\])?\s*==\s*([A-Za-z0-9.!+_-]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_CONTINUED = re.compile(r"\\\r?\n")
_SEPARATORS = re.compile(r"[-_.]+")
# Of an address: the platform, name, version and build.
_CONDA_FILE = re.compile(r"([^/]+)/([^/]+)-([^-/]+)-([^-/]+?)(?:\.tar\.bz2|\.conda)$")


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """A package by its normalised name, and the SHA-256 digests of the files that the lock accepts for it.

    ``build`` and ``platform`` are those of a package of conda, null for one of pip.
    """

    name: str
    version: str
    hashes: tuple[str, ...] = ()
    build: str | None = None
    platform: str | None = None


def normalised_name(name: str) -> str:
    """A Python package's name as indexes compare it (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


def locked_packages(lock: EnvironmentLock) -> tuple[LockedPackage, ...]:
    """The pinned packages of a lock, by name; lines that pin nothing say nothing here.

    Raises:
        IntegrityError: a conda lock cannot be read.
    """
    if lock.kind != "conda":
        return _of_pip(lock.text)
    parts = CondaLock.read(lock.text)
    return (*_of_conda(parts.conda, lock.digest), *_of_pip(parts.pip))


def _of_pip(text: str) -> tuple[LockedPackage, ...]:
    found: dict[tuple[str, str], set[str]] = {}
    for line in _CONTINUED.sub(" ", text).splitlines():
        if pinned := _PINNED.match(line.strip()):
            found.setdefault((normalised_name(pinned[1]), pinned[2]), set()).update(_HASH.findall(line))
    return tuple(LockedPackage(name, version, tuple(sorted(found[name, version]))) for name, version in sorted(found))


def _of_conda(text: str, where: str) -> tuple[LockedPackage, ...]:
    try:
        listed = yaml.load(text, yaml.CSafeLoader)["packages"]
        found = [(_CONDA_FILE.search(str(item["conda"])), item.get("sha256")) for item in listed if "conda" in item]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError("the conda lock cannot be read", where=where) from error
    packages = [
        LockedPackage(file[2], file[3], (str(digest),) if digest else (), file[4], file[1])
        for file, digest in found
        if file
    ]
    return tuple(sorted(packages, key=lambda package: package.name))
