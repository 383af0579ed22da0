"""The lock of a project's software: write it into the repository, check it, compare it with those of versions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlops_ci.edge.files import write_whole
from mlops_ci.errors import UsageError
from mlops_ci.lifecycle.history import read_run
from mlops_ci.lifecycle.session import Session
from mlops_ci.pipeline.environment import LockableEnvironment
from mlops_ci.pipeline.lock_file import find_lock_file, lock_file_name, lock_file_text
from mlops_ci.pipeline.lock_packages import PackageChange, changes, packages_of
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.registry.references import parse_reference, resolve


@dataclass(frozen=True, slots=True)
class Locked:
    """A lock in the repository: its file, how many packages it pins, and what it changed."""

    file: str
    packages: int
    changed: tuple[PackageChange, ...]


def write_lock(session: Session) -> Locked:
    """Lock the project's environment anew, and write it beside the file that names it."""
    environment = _lockable(session)
    sources, folder = environment.sources(), session.resolver.snapshot.folder
    file = lock_file_name(environment.source)
    before = _kept(environment, folder)
    after = environment.resolve()
    write_whole(folder / file, lock_file_text(sources, environment.python, after.text).encode())
    known = EnvironmentLock(after.kind, after.python, after.platform, "", before) if before else None
    return Locked(file, len(packages_of(after)), changes(known, after) if known else ())


def check_lock(session: Session) -> Locked:
    """Make sure that the lock in the repository belongs to the file beside it, and has something for this platform.

    Raises:
        UsageError: it is missing or stale.
    """
    environment = _lockable(session)
    folder = session.resolver.snapshot.folder
    file = lock_file_name(environment.source)
    if find_lock_file(environment.source, environment.sources(), environment.python, folder) is None:
        raise UsageError(f"{environment.source} is not locked", where=file, hint="run mlops-ci environment lock")
    return Locked(file, len(packages_of(environment.lock())), ())


def compare_locks(session: Session, first: str, second: str | None) -> tuple[PackageChange, ...]:
    """What differs between the environments of two versions, or of a version and the project as it is.

    Args:
        session: the session.
        first: a reference, or an alias or number of the project's model.
        second: the same; None for the project's present lock.
    """
    after = session.resolver.environment.lock() if second is None else _recorded(session, second)
    return changes(_recorded(session, first), after)


def _recorded(session: Session, reference: str) -> EnvironmentLock:
    """The lock with which a version was trained, from the record of its run."""
    model = session.project.model.name
    selector = parse_reference(reference if "@" in reference else f"{model}@{reference}").selector
    version = resolve(session.log().read(), selector)
    if version.run is None:
        raise UsageError(f"v{version.version} was trained elsewhere", where=reference, hint="its lock is not known")
    return read_run(session.store, version.run).environment


def _lockable(session: Session) -> LockableEnvironment:
    environment = session.resolver.environment
    if not isinstance(environment, LockableEnvironment):
        raise UsageError(
            "the project names no environment",
            where=session.project_file,
            hint="add environment: {pip: …} or {conda: …}",
        )
    return environment


def _kept(environment: LockableEnvironment, folder: Path) -> str | None:
    try:
        return (folder / lock_file_name(environment.source)).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
