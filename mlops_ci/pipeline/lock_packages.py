"""Compares the packages of two locks. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.locked import locked_packages


@dataclass(frozen=True, slots=True)
class PackageChange:
    """A package that is another in the second of two locks; None where it is not there."""

    name: str
    before: str | None
    after: str | None


def packages_of(lock: EnvironmentLock) -> dict[str, str]:
    """Names and versions, Python's own among them; of a conda package with its build."""
    found = {one.name: " ".join(filter(None, (one.version, one.build))) for one in locked_packages(lock)}
    return {"python": lock.python, **found}


def changes(before: EnvironmentLock, after: EnvironmentLock) -> tuple[PackageChange, ...]:
    """What differs between two locks, by name."""
    old, new = packages_of(before), packages_of(after)
    return tuple(
        PackageChange(name, old.get(name), new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    )
