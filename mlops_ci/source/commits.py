"""Reads commits: who, when, what for."""

from __future__ import annotations

from collections.abc import Sequence

from mlops_ci.edge.git import Git
from mlops_ci.edge.redaction import Redactor
from mlops_ci.records.commit import Commit

_FIELDS = ("%H", "%an <%ae>", "%cI", "%B")


def described(
    git: Git, commits: Sequence[str], branch: str | None, remote: str | None, redact: Redactor
) -> tuple[Commit, ...]:
    """Describe commits that git has, in this order, without what is before them."""
    form = ("-s", "--no-walk=unsorted", "--no-show-signature", f"--format={'%x00'.join(_FIELDS)}", "-z")
    output = git.run("log", *form, "--stdin", given="\n".join(commits).encode()).decode("utf-8", "replace")
    fields = output.split("\0")  # which no message contains
    return tuple(
        Commit(
            sha=sha,
            branch=branch,
            repository=redact(remote) if remote else None,
            author=author,
            message=redact(message.strip()),
            time=time,
        )
        for sha, author, time, message in zip(*(fields[at :: len(_FIELDS)] for at in range(len(_FIELDS))), strict=False)
    )


def commits_between(
    git: Git, old: str, new: str, limit: int, remote: str | None, redact: Redactor
) -> tuple[Commit, ...]:
    """The commits that ``new`` has in its history and ``old`` has not, newest first, at most ``limit``."""
    listed = git.run("rev-list", f"--max-count={limit}", new, f"^{old}", "--").decode().split()
    # Of no branch: that of a merged pull request is gone.
    return described(git, listed, None, remote, redact) if listed else ()
