"""Questions about commits that a clone does not have: whose ancestor, with which files, changed in what."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from mlops_ci.edge.git import Git
from mlops_ci.errors import UsageError
from mlops_ci.records.difference import FileChange
from mlops_ci.source.fetched import WAY_OUT, Fetched
from mlops_ci.source.name_status import EXACT_RENAMES, read_name_status
from mlops_ci.workspace.git.settings import Remote

SHA = re.compile(r"^[0-9a-f]{40}$")
UNSHALLOW = "run git fetch --unshallow, or check out with fetch-depth: 0"


class History:
    """The history of a checkout beyond what was cloned. Nothing is fetched that no question needs.

    Args:
        root: the top of the checkout.
        origin: finds the remote, and how it is reached.
    """

    def __init__(self, root: Path, origin: Callable[[], Remote]) -> None:
        self._checkout = Git(root)
        self._origin = origin

    @cached_property
    def _ancestry(self) -> Fetched:
        """Commits with all before them, and no trees."""
        return Fetched(self._path("objects"), self._origin, omitted="tree:0", shallow=False)

    @cached_property
    def _single(self) -> Fetched:
        """Commits by themselves."""
        return Fetched(self._path("objects"), self._origin, omitted="tree:0", shallow=True)

    @cached_property
    def _trees(self) -> Fetched:
        """Commits with the names of their files."""
        return Fetched(self._path("objects"), self._origin, omitted="blob:none", shallow=True)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether a commit is another one or lies before it; what origin does not have has nobody before it."""
        if not self._completed(descendant):
            return False
        # Not merge-base, which would look beyond the ancestor as well.
        return ancestor in self._ancestry.reading.run("rev-list", descendant, "--").decode().split()

    def merge_base(self, one: str, other: str) -> str | None:
        """The newest commit that two have in their history."""
        if not (self._completed(one) and self._completed(other)):
            return None
        return self._ancestry.reading.ask("merge-base", one, other)

    def with_commit(self, sha: str) -> Git | None:
        """Git where a commit can be looked at, itself and no more; None if origin does not have it."""
        return self._single.reading if SHA.match(sha) and self._single.get([sha]) else None

    def changed_between(self, old: str, new: str) -> list[str]:
        """Paths that differ between two commits."""
        self._require(old, new)
        output = self._trees.reading.run("diff-tree", "-r", "--name-only", "--no-renames", "-z", old, new)
        return [path for path in output.decode("utf-8", "surrogateescape").split("\0") if path]

    def file_changes(self, old: str, new: str) -> tuple[FileChange, ...]:
        """What became of the files between two commits; renamed are those whose content stayed as it was."""
        self._require(old, new)
        # Likeness would need the contents of files, which are not fetched.
        output = self._trees.reading.run("diff-tree", "-r", "--name-status", EXACT_RENAMES, "-z", old, new)
        return read_name_status(output)

    def with_ancestry(self, *commits: str) -> Git | None:
        """Git where all before some commits can be listed; None if origin does not have one of them."""
        return self._ancestry.reading if all(map(self._completed, commits)) else None

    def read_at(self, sha: str, path: str) -> bytes | None:
        """The content of a file in a commit; None if it was not there."""
        self._require(sha)
        return self._trees.get_file(sha, path)

    def trees_of(self, sha: str) -> Git:
        """Git where the names of a commit's files can be read."""
        self._require(sha)
        return self._trees.reading

    def whole(self, sha: str) -> Git:
        """Git where all files of a commit can be read, those of submodules apart."""
        git, listed = self.trees_of(sha), ("ls-tree", "-r", "-z", "--full-tree", sha)
        if git.status(*listed):
            self._trees.get([sha], again=True)
        listing = git.run(*listed).decode("utf-8", "surrogateescape")
        files = (line.partition("\t")[0].split(" ") for line in filter(None, listing.split("\0")))
        self._trees.get_contents(sha, (name for _, kind, name in files if kind == "blob"))
        return git

    def tip(self, branch: str) -> str | None:
        """The commit of a branch of origin."""
        return self._single.tip(branch)

    def _require(self, *commits: str) -> None:
        for sha in commits:
            if not (SHA.match(sha) and self._trees.get([sha])):
                raise UsageError("neither this clone nor its origin has such a commit", where=sha, hint=WAY_OUT)

    def _completed(self, sha: str) -> bool:
        """Whether all of a commit's history is at hand, now that what is missing was fetched."""
        if self._checkout.ask("cat-file", "-t", sha) != "commit":
            return self._ancestry.get([sha])
        if not self._ancestry.get(self._beyond):
            hint = "origin gives no commit by its SHA: check out with fetch-depth: 0"
            raise UsageError("the shallow clone does not reach far enough", where=sha[:7], hint=hint)
        return True

    @cached_property
    def _beyond(self) -> list[str]:
        """The first commits that a shallow clone lacks: the parents of those at which it was cut off."""
        file = self._path("shallow")
        cut = file.read_text().split() if file.is_file() else []
        return [parent for sha in cut for parent in parents(self._checkout, sha)]

    def _path(self, name: str) -> Path:
        return Path(self._checkout.run("rev-parse", "--path-format=absolute", "--git-path", name).decode().rstrip("\n"))


def too_shallow(old: str, new: str) -> UsageError:
    """What to say where a clone without an origin was cut off before one of two commits."""
    what = "the shallow clone does not reach far enough to compare two commits"
    return UsageError(what, where=f"{old[:7]}..{new[:7]}", hint=UNSHALLOW)


def parents(git: Git, sha: str) -> list[str]:
    """The parents that a commit names, be they at hand or not."""
    # Not rev-parse: to git, the commits at which a clone is cut off have no parents.
    head = git.run("cat-file", "commit", sha).decode("utf-8", "replace").partition("\n\n")[0]
    return [line.removeprefix("parent ") for line in head.splitlines() if line.startswith("parent ")]
