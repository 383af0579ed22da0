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


def named_commit(git: Git, text: str) -> str | None:
    """The commit that git takes a text for, such as ``HEAD~1`` or a tag; None if there is none."""
    return None if text.startswith("-") else git.ask("rev-parse", "--verify", "-q", f"{text}^{{commit}}")
