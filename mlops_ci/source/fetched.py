"""What a checkout lacks of its repository's history, fetched from ``origin`` into repositories of our own.

The checkout itself stays as it is: its objects are read, and none are added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path

from mlops_ci.edge.git import Answer, Git
from mlops_ci.edge.scratch import scratch_folder_of
from mlops_ci.errors import UsageError
from mlops_ci.workspace.git.settings import REMOTE, Remote

_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head")
_BRANCHES = "+refs/heads/*:refs/heads/*"
# How servers say that they have no such commit, or give none by its name.
_NOT_GIVEN = ("not our ref", "unadvertised object", "couldn't find remote ref", "could not find remote ref")
WAY_OUT = "check out with fetch-depth: 0 (Azure: fetchDepth: 0), or let the job's git reach origin"


class Fetched:
    """A bare repository for one kind of fetching: how deep, and without what.

    Args:
        objects: the folder of the checkout's objects.
        origin: finds the remote, and how it is reached; asked for when something is missing.
        omitted: what is left out, as git's ``--filter`` names it; a server without filters sends all.
        shallow: whether commits come without those before them.
    """

    def __init__(self, objects: Path, origin: Callable[[], Remote], *, omitted: str, shallow: bool) -> None:
        self._objects = objects
        self._origin = origin
        self._omitted = omitted
        self._depth = ("--depth=1",) if shallow else ()

    @cached_property
    def _remote(self) -> Remote:
        return self._origin()

    @cached_property
    def _folder(self) -> Path:
        folder = scratch_folder_of(self) / "fetched.git"
        Git(folder.parent).run("init", "--quiet", "--bare", "--template=", str(folder))
        return folder

    @cached_property
    def _fetching(self) -> Git:
        """Without the checkout's objects: whose history is cut off must not be promised to the server."""
        return Git(self._folder, {**self._remote.environment, "GIT_DIR": str(self._folder)})

    @cached_property
    def reading(self) -> Git:
        """Git on what was fetched and what the checkout has; it asks no remote."""
        quoted = str(self._objects).replace("\\", "\\\\").replace('"', '\\"')
        lent = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{quoted}"'}
        return Git(self._folder, {"GIT_DIR": str(self._folder), **lent})

    def has(self, item: str) -> bool:
        """Whether an object is here, or in the checkout."""
        return self.reading.status("cat-file", "-e", item) == 0

    def get(self, commits: Iterable[str], *, again: bool = False) -> bool:
        """Make sure that commits are here, fetching what is missing; return whether origin has them all.

        ``again`` fetches them though they are here: those of a checkout may be without their trees.

        Raises:
            UsageError: origin cannot be reached.
        """
        missing = [commit for commit in commits if again or not self.has(commit)]
        if missing:
            answer = self._attempt(self._depth, *(f"{commit}:refs/kept/{commit}" for commit in missing))
            if answer.code:
                self._require_told(missing[0], answer)
                # No depth: of a branch that moved on, the commit is somewhere before its tip.
                branches = self._attempt((), _BRANCHES)
                if branches.code:
                    raise _unreachable(missing[0], branches)
        return all(self.has(commit) for commit in missing)

    def get_file(self, commit: str, path: str) -> bytes | None:
        """The content of a file in a commit that is here; None if it was not there.

        Raises:
            UsageError: origin cannot be reached.
        """
        found = self.reading.run("ls-tree", "-z", "--full-tree", commit, "--", path).decode("utf-8", "surrogateescape")
        kind, _, name = found.partition("\t")[0].partition(" ")[2].partition(" ")
        if kind != "blob":
            return None
        self.get_contents(commit, [name])
        return self.reading.run("cat-file", "blob", name)

    def get_contents(self, commit: str, names: Iterable[str]) -> None:
        """Make sure that the contents of files of a commit are here, named as git names them.

        Raises:
            UsageError: origin cannot be reached.
        """
        missing = self._missing(names)
        if not missing:
            return
        by_name = self._fetching.attempt(
            *self._partial, "-c", "fetch.negotiationAlgorithm=noop", *_FETCH,
            f"--filter={self._omitted}", "--stdin", REMOTE, given="".join(f"{name}\n" for name in missing).encode(),
        )  # fmt: skip
        if by_name.code or self._missing(missing):
            # A server that gives no file by its name: then all files of the commit, or of the branches.
            answer = self._fetching.attempt(*_FETCH, "--refetch", *self._depth, REMOTE, commit)
            if answer.code:
                answer = self._fetching.attempt(*_FETCH, "--refetch", REMOTE, _BRANCHES)
            if answer.code:
                raise _unreachable(commit, answer)

    def _missing(self, names: Iterable[str]) -> list[str]:
        asked = "".join(f"{name}\n" for name in dict.fromkeys(names)).encode()
        said = self.reading.run("cat-file", "--batch-check", given=asked).decode().splitlines()
        return [line.partition(" ")[0] for line in said if line.endswith(" missing")]

    def tip(self, branch: str) -> str | None:
        """The commit of a branch of origin.

        Raises:
            UsageError: origin cannot be reached.
        """
        ref = f"refs/heads/{branch}"
        answer = self._fetching.attempt("ls-remote", "--quiet", REMOTE, ref)
        if answer.code:
            raise _unreachable(branch, answer)
        lines = (line.split("\t") for line in answer.output.decode("utf-8", "surrogateescape").splitlines())
        return next((commit for commit, name in lines if name == ref), None)

    @property
    def _partial(self) -> tuple[str, ...]:
        name = f"remote.{REMOTE}"
        return ("-c", f"{name}.promisor=true", "-c", f"{name}.partialCloneFilter={self._omitted}")

    def _attempt(self, depth: tuple[str, ...], *refs: str) -> Answer:
        return self._fetching.attempt(*self._partial, *_FETCH, *depth, f"--filter={self._omitted}", REMOTE, *refs)

    def _require_told(self, commit: str, answer: Answer) -> None:
        if not any(sign in answer.errors for sign in _NOT_GIVEN):
            raise _unreachable(commit, answer)


def _unreachable(what: str, answer: Answer) -> UsageError:
    return UsageError(
        f"this clone lacks a part of the history, and origin does not give it: {answer.reason}",
        where=what,
        hint=WAY_OUT,
    )
