"""The software of the steps where it comes from conda: ``environment.yml``, locked, and built from the lock.

What the file leaves to pip is locked by uv, with hashes, for the Python that was solved, beside what conda provides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.edge.uv import run_uv
from mlops_ci.errors import UsageError
from mlops_ci.pipeline.built_folder import built_folder
from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.lock_file import find_lock_file
from mlops_ci.project.conda import CondaFile, parse_conda
from mlops_ci.records.digest import digest_of_bytes, digest_of_value
from mlops_ci.records.environment import CondaLock, EnvironmentLock
from mlops_ci.records.locked import normalised_name

if TYPE_CHECKING:
    from mlops_ci.edge.conda import CondaPackage

_HINT = "mend what pip is to add"
_PLAIN_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*((a|b|rc|\.post|\.dev)[0-9]+)?")
_PIN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[^\]]*\])?==[^\s;\\]+", re.MULTILINE)


class CondaEnvironment:
    """An ``environment.yml``, locked by rattler, and the prefix built from the lock."""

    def __init__(
        self, file: str, python: str | None, folder: Path, cache: StepCache, environ: Mapping[str, str]
    ) -> None:
        self.source = file
        self.python = python
        self._folder = folder
        self._cache = cache
        self._environ = environ
        self._lock: EnvironmentLock | None = None
        self._locking = Lock()

    def lock(self) -> EnvironmentLock:
        """What was solved for the file first, and then kept.

        Raises:
            UsageError: the file is missing or cannot be solved.
            RemoteError: a channel cannot be read.
        """
        with self._locking:
            if self._lock is None:
                self._lock = self._find_lock()
            return self._lock

    def _find_lock(self) -> EnvironmentLock:
        sources = self.sources()
        if kept := find_lock_file(self.source, sources, self.python, self._folder):
            return as_conda_lock(kept, _platform(), self.source)
        key = digest_of_value([sources, self.python, _platform()])
        return self._cache.find_lock(key) or self._cache.remember_lock(key, self.resolve())

    def sources(self) -> dict[str, str]:
        """The file with its text."""
        return {self.source: read_conda_file(self.source, self._folder)}

    def resolve(self) -> EnvironmentLock:
        """Lock the file anew, with the newest packages that it allows."""
        wanted = parse_conda(read_conda_file(self.source, self._folder), self.source)
        return lock_conda(
            wanted,
            self.python,
            _platform(),
            cache=conda_cache(self._environ),
            where=self.source,
            compile_pip=self._compiled,
        )

    def _compiled(self, lines: tuple[str, ...], constraints: str, python: str) -> str:
        with scratch_folder() as scratch:
            wanted, held = scratch / "requirements.in", scratch / "constraints.txt"
            wanted.write_text("".join(f"{line}\n" for line in lines), "utf-8")
            held.write_text(constraints, "utf-8")
            return run_uv(
                "pip", "compile", str(wanted), "--constraint", str(held), "--generate-hashes", "--no-header",
                "--no-annotate", "--python-version", python,
                folder=self._folder, environ=self._environ, where=self.source, hint=_HINT,
            )  # fmt: skip

    def with_more(self, base: EnvironmentLock, requirements: tuple[str, ...]) -> EnvironmentLock:
        """A lock with the same conda packages, in which pip adds further requirements to what it adds already.

        Raises:
            UsageError: they do not fit.
        """
        from mlops_ci.edge import conda

        parts = CondaLock.read(base.text)
        found = {one.name: one for one in conda.packages(parts.conda, base.platform, where=self.source)}
        held = _constraints(found)
        pip = _beside(self._compiled((*_pinned(parts.pip), *requirements), held, base.python), found)
        return as_conda_lock(CondaLock(parts.conda, pip).text, base.platform, self.source)

    def executables(self) -> Path:
        """Build the prefix if it is not there yet.

        Raises:
            RemoteError: a package cannot be fetched.
            IntegrityError: a package is not what the lock says.
        """
        from mlops_ci.edge import conda

        lock = self.lock()

        def build(folder: Path) -> None:
            parts = CondaLock.read(lock.text)
            conda.install(parts.conda, lock.platform, folder, cache=conda_cache(self._environ), where=self.source)
            if parts.pip:
                requirements = folder / "requirements.txt"
                requirements.write_text(parts.pip, "utf-8")
                run_uv(
                    "pip", "install", "--no-deps", "--require-hashes", "--python", str(folder / "bin" / "python"),
                    "--requirement", str(requirements),
                    folder=self._folder, environ=self._environ, where=self.source, hint=_HINT,
                )  # fmt: skip

        return built_folder(self._environ, lock, build) / "bin"


def lock_conda(
    wanted: CondaFile,
    python: str | None,
    platform: str,
    *,
    cache: Path,
    where: str,
    compile_pip: Callable[[tuple[str, ...], str, str], str],
) -> EnvironmentLock:
    """Lock an environment for a platform as conda calls it, such as ``linux-64``.

    Args:
        wanted: the environment.
        python: the minor version that the project asks for, if any.
        platform: the platform.
        cache: where indexes are kept.
        where: the file, for messages.
        compile_pip: requirements, constraints and Python's minor version to a lock with hashes.

    Raises:
        UsageError: it cannot be solved, or has no Python where there must be one.
    """
    from mlops_ci.edge import conda

    if python:
        wanted = CondaFile(wanted.channels, (*wanted.specs, f"python {python}.*"), wanted.pip)
    solved = conda.solve(wanted, [platform], cache=cache, where=where)
    found = {package.name: package for package in conda.packages(solved, platform, where=where)}
    pip = ""
    if wanted.pip:
        pip = _beside(compile_pip(wanted.pip, _constraints(found), _minor(found, where)), found)
    return as_conda_lock(CondaLock(solved, pip).text, platform, where)


def as_conda_lock(text: str, platform: str, where: str) -> EnvironmentLock:
    """The lock with this text, for one of its platforms.

    Raises:
        UsageError: it has nothing for the platform, or no Python.
    """
    from mlops_ci.edge import conda

    found = {package.name: package for package in conda.packages(CondaLock.read(text).conda, platform, where=where)}
    return EnvironmentLock("conda", _minor(found, where), platform, digest_of_bytes(text.encode()), text)


def _minor(found: Mapping[str, CondaPackage], where: str) -> str:
    if "python" not in found:
        raise UsageError("the environment has no Python", where=where, hint="add python=3.12 to its dependencies")
    return ".".join(found["python"].version.split(".")[:2])


def conda_cache(environ: Mapping[str, str]) -> Path:
    """Where indexes and packages are kept on this machine."""
    return cache_folder(environ).absolute() / "conda"


def read_conda_file(file: str, folder: Path) -> str:
    """The text of an ``environment.yml``.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return (folder / file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("the conda environment cannot be read", where=file, hint="mend environment.conda") from error


def _platform() -> str:
    from mlops_ci.edge import conda

    return conda.this_platform()


def _constraints(found: Mapping[str, CondaPackage]) -> str:
    """What conda provides, for pip to build on; names that differ between the two worlds constrain nothing."""
    # Programs that are no Python packages have versions that pip cannot read, such as 1.1.1w.
    plain = [package for package in found.values() if _PLAIN_VERSION.fullmatch(package.version)]
    return "".join(f"{package.name}=={package.version}\n" for package in plain if package.name != "python")


def _beside(compiled: str, found: Mapping[str, CondaPackage]) -> str:
    """The lines of a compiled lock without what conda provides."""
    kept: list[str] = []
    keep = True
    for line in compiled.splitlines(keepends=True):
        if line.strip() and not line[0].isspace() and not line.startswith(("#", "--")):
            keep = normalised_name(re.split(r"[=<>!~ \[;@]", line, maxsplit=1)[0]) not in found
        if keep:
            kept.append(line)
    return "".join(kept)


def _pinned(lock: str) -> tuple[str, ...]:
    """What a lock pins, as requirements."""
    return tuple(match[0] for match in _PIN.finditer(lock))
