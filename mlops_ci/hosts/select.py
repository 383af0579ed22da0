"""Which host this is."""

from __future__ import annotations

from collections.abc import Callable

from mlops_ci.hosts.host import Environment, Host
from mlops_ci.hosts.local import LocalHost

CHOICES = ("auto", "local")
# Variables by which services of continuous integration make themselves known.
_SIGNS = ("GITHUB_ACTIONS", "TF_BUILD", "CI")


def _detect(environ: Environment, default_branch: str | None) -> Host:
    ephemeral = any(environ.get(sign, "").lower() in {"true", "1"} for sign in _SIGNS)
    return LocalHost(environ, default_branch=default_branch, ephemeral=ephemeral)


def _local(environ: Environment, default_branch: str | None) -> Host:
    return LocalHost(environ, default_branch=default_branch, ephemeral=False)


_HOSTS: dict[str, Callable[[Environment, str | None], Host]] = {"auto": _detect, "local": _local}


def select_host(choice: str, environ: Environment, *, default_branch: str | None = None) -> Host:
    """Return the adapter for ``choice``, one of ``CHOICES``."""
    return _HOSTS[choice](environ, default_branch)
