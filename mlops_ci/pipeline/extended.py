"""The user's environment with more in it: every package that the user's lock names stays at its version."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.errors import UsageError
from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.conda_environment import CondaEnvironment
from mlops_ci.pipeline.environment import Environment, PipEnvironment
from mlops_ci.records.digest import digest_of_value
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.locked import locked_packages, normalised_name

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def installs(environment: Environment) -> bool:
    """Whether further requirements are installed beside an environment, or have to be there."""
    return isinstance(environment, PipEnvironment | CondaEnvironment)


def extended(
    environment: Environment,
    requirements: Sequence[str],
    purpose: str,
    *,
    folder: Path,
    cache: StepCache,
    environ: Mapping[str, str],
    welcome: Sequence[str] = (),
) -> Environment:
    """An environment with further requirements; nothing is resolved or built before it is asked for.

    Args:
        environment: the user's environment.
        requirements: what is needed beside it, as pip understands it.
        purpose: what needs it, for messages.
        folder: the project's folder.
        cache: where its lock is kept.
        environ: the environment variables.
        welcome: what is taken along if it fits the environment, and done without if not.
    """
    if welcome and installs(environment):
        plain, every = (
            extended(environment, chosen, purpose, folder=folder, cache=cache, environ=environ)
            for chosen in (requirements, (*requirements, *welcome))
        )
        return FirstThatFits(every, plain)
    if isinstance(environment, PipEnvironment):
        return _ExtendedPip(environment, requirements, purpose, folder=folder, cache=cache, environ=environ)
    if isinstance(environment, CondaEnvironment):
        return _ExtendedConda(environment, requirements, purpose, folder=folder, cache=cache, environ=environ)
    return _AsInstalled(environment, requirements, purpose)


class _ExtendedPip(PipEnvironment):
    """A lock of its own, built beside the user's environment."""

    def __init__(
        self,
        base: PipEnvironment,
        more: Sequence[str],
        purpose: str,
        *,
        folder: Path,
        cache: StepCache,
        environ: Mapping[str, str],
    ) -> None:
        super().__init__(purpose, base.python, folder, cache, environ)
        self._base = base
        self._more = sorted(more)
        self._purpose = purpose

    def _find_lock(self) -> EnvironmentLock:
        base = self._base.lock()
        key = digest_of_value([base.digest, self._more, base.python, base.platform])
        resolved = partial(self._resolved_on, base)
        return self._cache.find_lock(key) or self._cache.remember_lock(key, self._locked(resolved()))

    def _resolved_on(self, base: EnvironmentLock) -> str:
        with scratch_folder() as scratch:
            locked, more = scratch / "locked.txt", scratch / "more.in"
            locked.write_text(base.text, "utf-8")
            more.write_text("\n".join(self._more) + "\n", "utf-8")
            try:
                return self._compiled(str(locked), str(more))
            except UsageError as error:
                hint = "let the project's requirements leave room for them"
                what = f"what is needed does not fit the project's environment: {error.what}"
                raise UsageError(what, where=self._purpose, hint=hint) from error


class _ExtendedConda(CondaEnvironment):
    """A lock of its own: the same conda packages, and more from pip."""

    def __init__(
        self,
        base: CondaEnvironment,
        more: Sequence[str],
        purpose: str,
        *,
        folder: Path,
        cache: StepCache,
        environ: Mapping[str, str],
    ) -> None:
        super().__init__(purpose, base.python, folder, cache, environ)
        self._base = base
        self._more = tuple(sorted(more))

    def _find_lock(self) -> EnvironmentLock:
        base = self._base.lock()
        key = digest_of_value([base.digest, self._more, base.python, base.platform])
        return self._cache.find_lock(key) or self._cache.remember_lock(key, self.with_more(base, self._more))


class FirstThatFits:
    """An environment, or another where that one cannot be had."""

    def __init__(self, wanted: Environment, otherwise: Environment) -> None:
        self._wanted = wanted
        self._otherwise = otherwise

    @cached_property
    def _chosen(self) -> Environment:
        try:
            self._wanted.lock()
        except UsageError:
            return self._otherwise
        return self._wanted

    def lock(self) -> EnvironmentLock:
        """What pins its packages."""
        return self._chosen.lock()

    def executables(self) -> Path:
        """Where its interpreter is."""
        return self._chosen.executables()


class _AsInstalled:
    """An interpreter that we install nothing into: what is needed has to be there."""

    def __init__(self, base: Environment, requirements: Sequence[str], purpose: str) -> None:
        self._base = base
        self._requirements = requirements
        self._purpose = purpose

    def lock(self) -> EnvironmentLock:
        """What pins the interpreter's packages.

        Raises:
            UsageError: something that is needed is not among them.
        """
        lock = self._base.lock()
        installed = {package.name for package in locked_packages(lock)}
        missing = [one for one in self._requirements if normalised_name(_name(one)) not in installed]
        if missing:
            wanted = " ".join(f"'{one}'" for one in missing)
            raise UsageError(
                f"{', '.join(map(_name, missing))} must be installed beside the model",
                where=self._purpose,
                hint=f"pip install {wanted}, or let environment: {{pip: requirements.txt}} have it installed for you",
            )
        return lock

    def executables(self) -> Path:
        """Where the interpreter is."""
        return self._base.executables()


def _name(requirement: str) -> str:
    found = _NAME.match(requirement)
    return found[0] if found else requirement
