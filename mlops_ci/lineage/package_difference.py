"""What differs between the software of two runs."""

from __future__ import annotations

from mlops_ci.records.difference import Change
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.locked import LockedPackage, locked_packages


def package_changes(before: EnvironmentLock, after: EnvironmentLock) -> tuple[Change, ...]:
    """Compare two locks: the kind of environment, platform and Python, then packages by name.

    Raises:
        IntegrityError: a conda lock cannot be read.
    """
    about = [
        Change(name, *sides)
        for name, *sides in (
            ("environment", before.kind, after.kind),
            ("platform", before.platform, after.platform),
            ("python", before.python, after.python),
        )
        if sides[0] != sides[1]
    ]
    old, new = _by_name(before), _by_name(after)
    packages = [
        Change(name, *_told(old.get(name), new.get(name)))
        for name in sorted({*old, *new})
        # Python is in a conda lock as well, and is told of above.
        if old.get(name) != new.get(name) and name != "python"
    ]
    return (*about, *packages)


def _by_name(lock: EnvironmentLock) -> dict[str, frozenset[LockedPackage]]:
    """The packages of a name: several where a lock is for several platforms, or takes one by a condition."""
    found: dict[str, frozenset[LockedPackage]] = {}
    for package in locked_packages(lock):
        # Other hashes of the same version are another mirror, or a wheel that was added later.
        same = LockedPackage(package.name, package.version, build=package.build, platform=package.platform)
        found[package.name] = found.get(package.name, frozenset()) | {same}
    return found


def _told(
    before: frozenset[LockedPackage] | None, after: frozenset[LockedPackage] | None
) -> tuple[str | None, str | None]:
    """Versions, and builds where the versions are the same."""
    versions = tuple(_joined({package.version for package in side}) if side else None for side in (before, after))
    if before is None or after is None or versions[0] != versions[1]:
        return versions[0], versions[1]
    builds = (_joined({f"{item.version} {item.build or 'of pip'}" for item in side}) for side in (before, after))
    return next(builds), next(builds)


def _joined(texts: set[str]) -> str:
    return ", ".join(sorted(texts))
