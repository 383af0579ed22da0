"""The software of the steps: locked with hashes, built only when a step really runs, kept by lock digest.

mlops-ci lives in an environment of its own and never touches the user's.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import metadata
from pathlib import Path
from threading import Lock
from typing import Protocol, runtime_checkable

from mlops_ci.edge.uv import run_uv
from mlops_ci.errors import UsageError
from mlops_ci.pipeline.built_folder import built_folder
from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.conda_environment import CondaEnvironment
from mlops_ci.pipeline.lock_file import find_lock_file
from mlops_ci.project.project import EnvironmentChoice
from mlops_ci.records.digest import digest_of_bytes, digest_of_value
from mlops_ci.records.environment import EnvironmentLock

_INCLUDE = re.compile(r"^\s*(?:-r|--requirement|-c|--constraint)[ =]\s*(\S+)", re.MULTILINE)
_HASH = "--hash="


class Environment(Protocol):
    """The software of the steps."""

    def lock(self) -> EnvironmentLock:
        """What pins it. Installs nothing."""
        ...

    def executables(self) -> Path:
        """The folder to put first on the PATH; builds the environment if it has to."""
        ...


@runtime_checkable
class LockableEnvironment(Environment, Protocol):
    """The software of the steps, as a file names it.

    ``source`` is that file, ``python`` the version that the project asks for.
    """

    source: str
    python: str | None

    def sources(self) -> dict[str, str]:
        """The file and those that it includes, with their texts."""
        ...

    def resolve(self) -> EnvironmentLock:
        """Lock it anew, with the newest packages that it allows. Keeps nothing."""
        ...


def this_platform() -> str:
    """Operating system and processor, such as ``linux-x86_64``."""
    return f"{sys.platform}-{platform.machine()}"


def this_python() -> str:
    """The minor version of the running interpreter."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def choose_environment(
    choice: EnvironmentChoice, folder: Path, cache: StepCache, environ: Mapping[str, str]
) -> Environment:
    """The environment that a project asks for."""
    if choice.conda is not None:
        return CondaEnvironment(choice.conda, choice.python, folder, cache, environ)
    if choice.requirements is None:
        return InterpreterEnvironment(environ)
    return PipEnvironment(choice.requirements, choice.python, folder, cache, environ)


class InterpreterEnvironment:
    """An interpreter with what is installed beside it: ``MLOPS_CI_PYTHON``, or the one that runs mlops-ci.

    The actions and tasks run mlops-ci in an environment of its own, and set the variable to the job's Python.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._python = environ.get("MLOPS_CI_PYTHON") or sys.executable
        self._environ = environ

    def lock(self) -> EnvironmentLock:
        """The installed ``name==version`` pairs stand in for a lock.

        Raises:
            UsageError: the interpreter cannot be asked.
        """
        return self._lock

    @cached_property
    def _lock(self) -> EnvironmentLock:
        python, names = (this_python(), list(_installed())) if self._python == sys.executable else self._ask()
        pairs = {pair.lower() for pair in names}
        # Our own version is no part of the model.
        text = "".join(f"{pair}\n" for pair in sorted(pairs) if not pair.startswith("mlops-ci=="))
        return EnvironmentLock("interpreter", python, this_platform(), digest_of_bytes(text.encode()), text)

    def _ask(self) -> tuple[str, list[str]]:
        command = [self._python, "-c", _QUESTION]
        try:
            done = subprocess.run(command, env=dict(self._environ), capture_output=True, text=True, check=True)
            python, names = json.loads(done.stdout.splitlines()[-1])
        except (OSError, subprocess.CalledProcessError, ValueError, IndexError) as error:
            raise UsageError(
                "this Python cannot tell what is installed", where=self._python, hint="set MLOPS_CI_PYTHON to another"
            ) from error
        return python, names

    def executables(self) -> Path:
        """Where the interpreter is."""
        return Path(self._python).parent


# Asks a Python of 3.8 or newer.
_QUESTION = """
import json, sys
from importlib.metadata import distributions
found = [f"{d.metadata['Name']}=={d.version}" for d in distributions() if d.metadata["Name"]]
print(json.dumps([f"{sys.version_info[0]}.{sys.version_info[1]}", found]))
"""


def _installed() -> Iterator[str]:
    for distribution in metadata.distributions():
        # Hundreds of files: reading two lines of each takes a tenth of the time of parsing them as messages.
        head = (distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or "").partition("\n\n")[0]
        name, version = (re.search(rf"^{field}: *(.*?) *$", head, re.MULTILINE) for field in ("Name", "Version"))
        if name and version:
            yield f"{name[1]}=={version[1]}"


class PipEnvironment:
    """Requirements locked with hashes by uv, and the virtual environment built from the lock."""

    def __init__(
        self, requirements: str, python: str | None, folder: Path, cache: StepCache, environ: Mapping[str, str]
    ) -> None:
        self.source = requirements
        self.python = python
        self._python = python or this_python()
        self._folder = folder
        self._cache = cache
        self._environ = environ
        self._lock: EnvironmentLock | None = None
        self._locking = Lock()

    def lock(self) -> EnvironmentLock:
        """The lock: the file itself where it has hashes, else what was resolved for it first and then kept.

        Resolving again on each machine would give other packages as soon as one of them has a new release, and
        train a new model without a commit.

        Raises:
            UsageError: the requirements are missing or cannot be met.
            RemoteError: the package index cannot be reached.
        """
        with self._locking:
            if self._lock is None:
                self._lock = self._find_lock()
            return self._lock

    def _find_lock(self) -> EnvironmentLock:
        sources = self.sources()
        text = sources[self.source]
        if len(sources) == 1 and any(_HASH in line for line in text.splitlines() if not line.lstrip().startswith("#")):
            return self._locked(text)
        if kept := find_lock_file(self.source, sources, self.python, self._folder):
            return self._locked(kept)
        key = digest_of_value([sources, self._python, this_platform()])
        return self._cache.find_lock(key) or self._cache.remember_lock(key, self._locked(self._compiled(self.source)))

    def executables(self) -> Path:
        """Build the virtual environment if it is not there yet.

        Raises:
            RemoteError: a package cannot be fetched or its hash is wrong.
        """
        lock = self.lock()
        return built_folder(self._environ, lock, lambda folder: self._build(folder, lock)) / "bin"

    def sources(self) -> dict[str, str]:
        """The requirements file and those that it includes, with their texts."""
        return dict(requirement_files(self.source, self._folder))

    def _locked(self, text: str) -> EnvironmentLock:
        return EnvironmentLock("pip", self._python, this_platform(), digest_of_bytes(text.encode()), text)

    def resolve(self) -> EnvironmentLock:
        """Lock the requirements anew, with the newest packages that they allow, for any platform."""
        return self._locked(self._compiled(self.source, "--universal"))

    def _compiled(self, *arguments: str) -> str:
        return self._uv(
            "pip", "compile", *arguments, "--generate-hashes", "--no-header", "--no-annotate",
            "--python-version", self._python,
        )  # fmt: skip

    def _build(self, folder: Path, lock: EnvironmentLock) -> None:
        self._uv("venv", "--python", lock.python, str(folder))
        requirements = folder / "requirements.txt"
        requirements.write_text(lock.text, "utf-8")
        self._uv(
            "pip", "sync", "--require-hashes",
            "--compile-bytecode",  # once, instead of in each step: sandboxes write none
            "--python", str(folder / "bin" / "python"), str(requirements),
        )  # fmt: skip

    def _uv(self, *arguments: str) -> str:
        return run_uv(
            *arguments, folder=self._folder, environ=self._environ, where=self.source, hint="mend the requirements"
        )


def requirement_files(name: str, folder: Path) -> Iterator[tuple[str, str]]:
    """A requirements file and those that it includes: their paths and texts.

    Raises:
        UsageError: one cannot be read.
    """
    waiting, seen = [name], set()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        try:
            text = (folder / current).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                "the requirements file cannot be read", where=current, hint="mend environment.pip"
            ) from error
        yield current, text
        waiting += [os.path.normpath(Path(current).parent / included) for included in _INCLUDE.findall(text)]
