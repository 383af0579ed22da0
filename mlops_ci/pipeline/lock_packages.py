"""Reads the packages out of a lock, and compares two. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from mlops_ci.errors import IntegrityError
from mlops_ci.pipeline.conda_environment import CondaLock
from mlops_ci.records.environment import EnvironmentLock

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
_SEPARATORS = re.compile(r"[-_.]+")
_CONDA_FILE = re.compile(r"([^/]+)-([^-/]+)-([^-/]+?)(?:\.tar\.bz2|\.conda)$")


@dataclass(frozen=True, slots=True)
class PackageChange:
    """A package that is another in the second of two locks; None where it is not there."""

    name: str
    before: str | None
    after: str | None


def packages_of(lock: EnvironmentLock) -> dict[str, str]:
    """Names and versions, Python's own among them; of a conda package with its build."""
    if lock.kind != "conda":
        return {"python": lock.python, **_pins(lock.text)}
    parts = CondaLock.read(lock.text)
    try:
        listed = yaml.load(parts.conda, yaml.CSafeLoader)["packages"]
        found = [_CONDA_FILE.search(str(item["conda"])) for item in listed if "conda" in item]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise IntegrityError("the conda lock cannot be read", where=lock.digest) from error
    return {**{one[1]: f"{one[2]} {one[3]}" for one in found if one}, **_pins(parts.pip)}


def changes(before: EnvironmentLock, after: EnvironmentLock) -> tuple[PackageChange, ...]:
    """What differs between two locks, by name."""
    old, new = packages_of(before), packages_of(after)
    return tuple(
        PackageChange(name, old.get(name), new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    )


def _pins(text: str) -> dict[str, str]:
    return {_SEPARATORS.sub("-", name).lower(): version for name, version in _PIN.findall(text)}
