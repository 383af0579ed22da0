"""Which branches there are."""

from __future__ import annotations

from mlops_ci.edge.git import Git

_USUAL_DEFAULTS = ("main", "master")


def default_branch(git: Git) -> str | None:
    """The branch that releases: origin's HEAD, else ``main`` or ``master``, else the only one there is."""
    remote = git.ask("symbolic-ref", "-q", "--short", "refs/remotes/origin/HEAD")
    if remote:
        return remote.removeprefix("origin/")
    branches = (git.ask("for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes/origin") or "").split()
    names = {ref.removeprefix("refs/heads/").removeprefix("refs/remotes/origin/") for ref in branches}
    usual = [name for name in _USUAL_DEFAULTS if name in names]
    return usual[0] if usual else next(iter(names)) if len(names) == 1 else None
