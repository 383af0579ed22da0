"""The variables of a job of Azure Pipelines, as its environment has them."""

from __future__ import annotations

import re
from urllib.parse import unquote

from mlops_ci.hosts.host import Environment

_UNEXPANDED = re.compile(r"^\$[\[({].*[\])}]$", re.DOTALL)
AZURE_REPOS = "TfsGit"


def variable(environ: Environment, name: str) -> str | None:
    """The value of a variable; None where there is none.

    A macro of an undefined variable stays in the text as it was written, ``$(System.PullRequest.PullRequestId)``: that
    is none either.
    """
    value = environ.get(name, "").strip()
    return value if value and not _UNEXPANDED.match(value) else None


def number(environ: Environment, name: str) -> int | None:
    """The value of a variable that is a whole number."""
    value = variable(environ, name)
    return int(value) if value and value.isascii() and value.isdecimal() and len(value) < 19 else None


def collection(environ: Environment) -> str | None:
    """The address of the organisation (a *collection*, where the server is one's own), with a slash at its end."""
    for name in ("SYSTEM_COLLECTIONURI", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI"):
        if found := variable(environ, name):
            return found.rstrip("/") + "/"
    return None


def lies_in_azure_repos(environ: Environment) -> bool:
    """Whether the repository lies beside the pipeline, and not at GitHub or elsewhere."""
    return variable(environ, "BUILD_REPOSITORY_PROVIDER") == AZURE_REPOS


def repository_name(address: str) -> str:
    """How people call the repository at an address: ``acme/ml``, of Azure Repos ``project/ml``."""
    parts = _path(address.removesuffix(".git"))
    if "_git" in parts:
        place = parts.index("_git")
        parts = [*parts[max(0, place - 1) : place], *parts[place + 1 :]]
    return "/".join(parts[-2:])


def project_of(environ: Environment) -> str | None:
    """The project that the repository lies in, which need not be the pipeline's."""
    path = _path(variable(environ, "BUILD_REPOSITORY_URI") or "")
    if "_git" not in path:
        return variable(environ, "SYSTEM_TEAMPROJECTID") or variable(environ, "SYSTEM_TEAMPROJECT")
    place = path.index("_git")
    before = path[len(_path(collection(environ) or "")) : place]
    # A repository that is called like its project is addressed without it, behind a collection's name or none.
    return before[-1] if before and before[-1] != "DefaultCollection" else path[-1]


def _path(address: str) -> list[str]:
    return [unquote(part) for part in address.partition("://")[2].partition("/")[2].split("/") if part]
