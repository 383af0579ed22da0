"""Which files a commit has."""

from __future__ import annotations

from mlops_ci.edge.git import Git
from mlops_ci.errors import UsageError

_FILE_MODES = ("100644", "100755")


def files_below(git: Git, sha: str, path: str) -> list[str]:
    """The files in a commit that a path means: itself, or all files of a folder.

    Raises:
        UsageError: there is a link or a submodule among them.
    """
    listing = git.run("ls-tree", "-r", "-z", "--full-tree", sha, "--", path).decode("utf-8", "surrogateescape")
    found = []
    for line in filter(None, listing.split("\0")):
        details, _, name = line.partition("\t")
        if details[:6] not in _FILE_MODES:
            what = "a link" if details.startswith("120000") else "a submodule"
            raise UsageError(f"{name!r} is {what}", where=sha[:7], hint="name files, and folders of files")
        found.append(name)
    return found
