"""Which host this is."""

from __future__ import annotations

from mlops_ci.hosts.host import Environment, Host, Say
from mlops_ci.hosts.local import LocalHost

CHOICES = ("auto", "local")
# Variables by which services of continuous integration make themselves known.
_SIGNS = ("GITHUB_ACTIONS", "TF_BUILD", "CI")


def select_host(
    choice: str, environ: Environment, say: Say, *, branch: str | None = None, default_branch: str | None = None
) -> Host:
    """Return the adapter for a choice.

    Args:
        choice: one of ``CHOICES``; ``local`` also vouches for the disk of the machine.
        environ: the environment variables.
        say: prints a line into the job's output.
        branch: the branch, where the checkout does not tell.
        default_branch: the branch that releases, where the checkout does not tell.
    """
    ephemeral = is_ephemeral(choice, environ)
    return LocalHost(environ, say, branch=branch, default_branch=default_branch, ephemeral=ephemeral)


def is_ephemeral(choice: str, environ: Environment) -> bool:
    """Whether the machine and its disk are gone when the job ends."""
    return choice == "auto" and any(environ.get(sign, "").lower() in {"true", "1"} for sign in _SIGNS)
