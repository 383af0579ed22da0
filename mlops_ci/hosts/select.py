"""Which host this is."""

from __future__ import annotations

from mlops_ci.hosts.azure.host import AzureHost
from mlops_ci.hosts.github.host import GitHubHost
from mlops_ci.hosts.host import Environment, Host, Say
from mlops_ci.hosts.local import LocalHost

CHOICES = ("auto", "local", "github", "azure")
# Variables by which hosts make themselves known. CI alone is that of a service which no adapter knows.
_SIGNS = {"GITHUB_ACTIONS": "github", "TF_BUILD": "azure", "CI": "local"}


def select_host(
    choice: str,
    environ: Environment,
    say: Say,
    *,
    branch: str | None = None,
    default_branch: str | None = None,
    detached: bool = False,
) -> Host:
    """Return the adapter for a choice.

    Args:
        choice: one of ``CHOICES``; ``local`` also vouches for the disk of the machine.
        environ: the environment variables.
        say: prints a line into the job's output.
        branch: the branch, where the checkout does not tell.
        default_branch: the branch that releases, where the checkout does not tell.
        detached: whether a laptop may have no branch checked out; the commit is then one of no branch that releases.
    """
    host = found(environ) or "local" if choice == "auto" else choice
    if host == "github":
        return GitHubHost(environ, say, branch=branch, default_branch=default_branch)
    if host == "azure":
        return AzureHost(environ, say, branch=branch, default_branch=default_branch)
    ephemeral = is_ephemeral(choice, environ)
    return LocalHost(environ, say, branch=branch, default_branch=default_branch, ephemeral=ephemeral, detached=detached)


def found(environ: Environment) -> str | None:
    """The host that the environment speaks of; None on a laptop."""
    return next((host for sign, host in _SIGNS.items() if environ.get(sign, "").lower() in {"true", "1"}), None)


def is_ephemeral(choice: str, environ: Environment) -> bool:
    """Whether the machine and its disk are gone when the job ends."""
    return choice in {"github", "azure"} or (choice == "auto" and found(environ) is not None)
