"""A checkout of the user's repository. Only ever reads it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import NoReturn

from mlops_ci.edge.git import Git
from mlops_ci.edge.redaction import Redactor
from mlops_ci.errors import RemoteError, UsageError
from mlops_ci.records.commit import DIFF_LIMIT, Commit, DirtyTree
from mlops_ci.records.difference import FileChange
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.source.branches import default_branch, named_commit
from mlops_ci.source.commits import commits_between, described
from mlops_ci.source.files import files_below
from mlops_ci.source.history import SHA, UNSHALLOW, History, parents, too_shallow
from mlops_ci.source.name_status import read_name_status
from mlops_ci.workspace.git.settings import Remote

_ABBREVIATED = re.compile(r"^[0-9a-f]{7,40}$")
_COMPARED = 400


class Checkout:
    """The repository around a folder.

    Args:
        folder: any folder in it.
        origin: finds its remote, and how it is reached; what the clone lacks is then fetched, and kept elsewhere.

    Raises:
        UsageError: the folder is in no git repository, or nothing has been committed yet.
    """

    def __init__(self, folder: Path, origin: Callable[[], Remote] | None = None) -> None:
        self.root = self.top_of(folder)
        self._git = Git(self.root)
        head = self._git.ask("rev-parse", "--verify", "-q", "HEAD^{commit}")
        if head is None:
            raise UsageError(
                "nothing has been committed yet", where=str(self.root), hint="git add and git commit first"
            )
        self.head = head
        self._origin = origin

    @staticmethod
    def top_of(folder: Path) -> Path:
        """The top of the repository around a folder.

        Raises:
            UsageError: there is none.
        """
        try:
            return Path(Git(folder).run("rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape").rstrip("\n"))
        except RemoteError as error:
            if "dubious ownership" in error.what:
                hint = f"the folder has another owner: git config --global --add safe.directory {folder.absolute()}"
                raise UsageError(error.what, where=str(folder), hint=hint) from error
            hint = "run git init and commit your project"
            raise UsageError("not a git repository", where=str(folder), hint=hint) from error

    @cached_property
    def home(self) -> Path:
        """The top of the main worktree, which all linked worktrees of a repository share."""
        common = self._git.ask("rev-parse", "--path-format=absolute", "--git-common-dir")
        return Path(common).parent if common and Path(common).name == ".git" else self.root

    @cached_property
    def branch(self) -> str | None:
        """The branch that is checked out; None when HEAD is detached."""
        return self._git.ask("symbolic-ref", "-q", "--short", "HEAD")

    @cached_property
    def default_branch(self) -> str | None:
        """The branch that releases: origin's HEAD, else ``main`` or ``master``, else the only one there is."""
        return default_branch(self._git)

    @cached_property
    def parents(self) -> tuple[str, ...]:
        """The parents of HEAD, as it names them: a shallow clone need not have them."""
        return tuple(parents(self._git, self.head))

    def branch_commit(self, branch: str) -> str | None:
        """The tip of a branch, here or on origin.

        Raises:
            UsageError: it is not here, and origin cannot be reached.
        """
        for ref in (f"refs/remotes/origin/{branch}", f"refs/heads/{branch}"):
            if found := self._git.ask("rev-parse", "--verify", "-q", f"{ref}^{{commit}}"):
                return found
        return self._history.tip(branch) if self._history else None

    def named_commit(self, text: str) -> str | None:
        """The commit that git takes a text for, such as ``HEAD~1`` or a tag; None if this clone has none."""
        return named_commit(self._git, text)

    def describe(self, sha: str, redact: Redactor, *, branch: str | None = None) -> Commit:
        """Describe a commit of this repository; ``branch`` is its branch, where that is known better.

        Raises:
            UsageError: neither the clone nor its origin has it.
        """
        git, known = self._looking_at(sha), branch or self.branch
        return described(git, [sha], known, self._remote, redact)[0]

    def resolve(self, text: str) -> str:
        """Return the full SHA of a commit named by a full or abbreviated SHA.

        Raises:
            UsageError: it is no SHA, ambiguous, unknown, or abbreviated and beyond the end of a shallow clone.
        """
        if not _ABBREVIATED.match(text):
            raise UsageError("not a commit SHA", where=repr(text), hint="give 7 to 40 lower-case hexadecimal digits")
        candidates = self._git.run("rev-parse", f"--disambiguate={text}").decode().split()
        commits = [sha for sha in candidates if self._git.ask("cat-file", "-t", sha) == "commit"]
        if len(commits) > 1:
            raise UsageError("the SHA is ambiguous", where=text, hint=f"it may be {' or '.join(commits)}")
        if not commits:
            if self._history and self._history.with_commit(text):
                return text
            self._unknown(text)
        return commits[0]

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether ``descendant`` is ``ancestor`` or has it in its history.

        A commit that a whole clone, or the origin of a shallow one, does not have is nobody's ancestor: history was
        rewritten without it.

        Raises:
            UsageError: a shallow clone does not reach far enough to tell, and nor does its origin help.
        """
        here = all(self._has(sha) for sha in (ancestor, descendant))
        if here and self._git.status("merge-base", "--is-ancestor", ancestor, descendant) == 0:
            return True
        if not self.shallow or not (SHA.match(ancestor) and SHA.match(descendant)):
            return False
        if self._history:
            return self._history.is_ancestor(ancestor, descendant)
        raise too_shallow(ancestor, descendant)

    def merge_base(self, one: str, other: str) -> str | None:
        """The newest commit that both have in their history."""
        if self._history and self.shallow:
            return self._history.merge_base(one, other)
        return self._git.ask("merge-base", one, other)

    @property
    def current_head(self) -> str | None:
        """The commit that is checked out now, should it have moved."""
        return self._git.ask("rev-parse", "--verify", "-q", "HEAD^{commit}")

    @cached_property
    def shallow(self) -> bool:
        """Whether the history was cut off when cloning."""
        return self._git.ask("rev-parse", "--is-shallow-repository") == "true"

    @cached_property
    def tracked(self) -> frozenset[str]:
        """Paths that the index knows, relative to the root."""
        return frozenset(self._paths("ls-files", "-z"))

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Tracked paths and untracked ones that git does not ignore, relative to the root, sorted."""
        return tuple(sorted({*self.tracked, *self._paths("ls-files", "-z", "--others", "--exclude-standard")}))

    def read_at(self, sha: str, path: str) -> bytes | None:
        """The content of a file in a commit; None if it was not there.

        Raises:
            UsageError: neither the clone nor its origin has the commit.
        """
        if not self._has(sha):
            if self._history is None:
                self._unknown(sha)
            return self._history.read_at(sha, path)
        if self._git.ask("cat-file", "-t", f"{sha}:{path}") != "blob":
            return None
        return self._git.run("cat-file", "blob", f"{sha}:{path}")

    def files_at(self, sha: str, path: str) -> dict[str, bytes]:
        """The files in a commit that a path means, with their contents: itself, or all files of a folder.

        Raises:
            UsageError: neither the clone nor its origin has the commit, or there is a link or submodule among them.
        """
        git = self._git if self._has(sha) else self._history.trees_of(sha) if self._history else self._unknown(sha)
        return {name: self.read_at(sha, name) or b"" for name in files_below(git, sha, path)}

    def whole(self, sha: str) -> Git:
        """Git where all files of a commit can be read; where this clone lacks some, it is a repository of our own.

        Raises:
            UsageError: neither the clone nor its origin has the commit.
        """
        if self._history and (self._is_partial or not self._has(sha)):
            return self._history.whole(sha)
        return self._git if self._has(sha) else self._unknown(sha)

    @cached_property
    def large_files(self) -> Path:
        """Where Git LFS keeps what it has fetched for this clone."""
        common = self._git.run("rev-parse", "--path-format=absolute", "--git-common-dir")
        return Path(common.decode("utf-8", "surrogateescape").rstrip("\n")) / "lfs" / "objects"

    def changed_between(self, old: str, new: str) -> tuple[str, ...]:
        """Paths that differ between two commits, sorted.

        Raises:
            MlopsError: one of them is nowhere to be had.
        """
        if beyond := self._beyond(old, new):
            return tuple(sorted(beyond.changed_between(old, new)))
        return tuple(sorted(self._paths("diff", "--name-only", "--no-renames", "-z", old, new)))

    def file_changes(self, old: str, new: str) -> tuple[FileChange, ...]:
        """What became of the files between two commits, by path; a renamed file may have changed a little as well.

        Raises:
            MlopsError: one of them is nowhere to be had.
        """
        if beyond := self._beyond(old, new):
            return beyond.file_changes(old, new)
        # Of so many files that comparing each with each takes long, git finds those that were merely moved.
        renames = ("--find-renames", f"-l{_COMPARED}")
        return read_name_status(self._git.run("diff", "--name-status", *renames, "-z", old, new))

    def commits_between(self, old: str, new: str, limit: int, redact: Redactor) -> tuple[Commit, ...]:
        """The commits that ``new`` has in its history and ``old`` has not, newest first, at most ``limit``.

        Raises:
            MlopsError: one of them is nowhere to be had.
        """
        if self.shallow and self._history:
            git = self._history.with_ancestry(old, new) or self._unknown(old)
        elif self.shallow:
            raise too_shallow(old, new)
        else:
            git = self._git if self._has(old) and self._has(new) else self._unknown(new if self._has(old) else old)
        return commits_between(git, old, new, limit, self._remote, redact)

    def dirt(self, inputs: frozenset[str], redact: Redactor) -> DirtyTree | None:
        """What the working tree has that HEAD has not: changed tracked files, and untracked ``inputs``."""
        changed = set(self._paths("diff", "--name-only", "--no-renames", "-z", "HEAD"))
        untracked = inputs - self.tracked
        if not changed and not untracked:
            return None
        diff = self._git.run("diff", "--no-ext-diff", "--no-color", "HEAD").decode("utf-8", "replace")
        return DirtyTree(
            paths=tuple(sorted(changed | untracked)),
            diff=redact(diff)[:DIFF_LIMIT],
            digest=digest_of_bytes(diff.encode()),
        )

    def _paths(self, *arguments: str) -> list[str]:
        return [path for path in self._git.run(*arguments).decode("utf-8", "surrogateescape").split("\0") if path]

    @cached_property
    def _remote(self) -> str | None:
        return self._git.ask("config", "--get", "remote.origin.url")

    @cached_property
    def _history(self) -> History | None:
        """What lies beyond this clone, where it has an origin to ask."""
        return History(self.root, self._origin) if self._origin and self._remote else None

    def _beyond(self, old: str, new: str) -> History | None:
        """Who can compare two commits where this clone cannot; None where it has both."""
        if self._has(old) and self._has(new):
            return None
        if self._history is None and self.shallow:
            raise too_shallow(old, new)
        return self._history or self._unknown(new if self._has(old) else old)

    @cached_property
    def _is_partial(self) -> bool:
        """Whether git fetches what it is asked for into this clone, which is to stay as it is."""
        asked = ("extensions.partialClone", "remote.origin.promisor")
        return any(self._git.ask("config", "--get", name) for name in asked)

    def _has(self, sha: str) -> bool:
        return bool(SHA.match(sha)) and self._git.ask("cat-file", "-t", sha) == "commit"

    def _looking_at(self, sha: str) -> Git:
        """Git where a commit can be looked at."""
        if self._has(sha) or self._history is None:
            return self._git
        return self._history.with_commit(sha) or self._unknown(sha)

    def _unknown(self, sha: str) -> NoReturn:
        hint = UNSHALLOW if self.shallow else "check the SHA"
        raise UsageError("this clone has no such commit", where=sha, hint=hint)
