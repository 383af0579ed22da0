"""Makes a branch at a past commit, with a commit of changes on top, beside the user's checkout and index."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_ci.edge.git import Git
from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.errors import ConflictError, UsageError
from mlops_ci.records.commit import DirtyTree
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.source.checkout import Checkout
from mlops_ci.source.history import SHA

Edit = Callable[[str], str]
_NOBODY = {"NAME": "mlops-ci", "EMAIL": "mlops-ci@localhost"}


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch that was made: at ``commit``, which is ``base`` itself where nothing was changed."""

    name: str
    base: str
    commit: str
    changed: tuple[str, ...]


def require_commit(checkout: Checkout, commit: str) -> None:
    """Make sure that the user's clone has a commit, as a branch of it cannot lie elsewhere.

    What it lacks is fetched as the user's git reaches its origin, into a shallow clone without what is before it.

    Raises:
        UsageError: origin did not give it.
    """
    git = Git(checkout.root, {"GIT_TERMINAL_PROMPT": "0"})
    if git.ask("cat-file", "-t", commit) == "commit":
        return
    depth = ("--depth=1",) if checkout.shallow else ()
    fetch = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", *depth, "origin", commit)
    if not SHA.match(commit) or git.status(*fetch):
        what = "this clone has no such commit, and its origin did not give it"
        raise UsageError(what, where=commit, hint=f"git fetch origin {commit} tells why")


def make_branch(
    checkout: Checkout, name: str, base: str, *, dirty: DirtyTree | None, edits: Mapping[str, Edit], message: str
) -> Branch:
    """Make a branch of a name that is free; neither the checkout nor its index is touched.

    Args:
        checkout: the user's repository.
        name: the branch.
        base: the commit that it begins at, which the clone has.
        dirty: what the tree of a run had besides the commit; it becomes a part of the commit on top.
        edits: changes to texts, by the path of the file from the top of the repository.
        message: of the commit on top.

    Raises:
        ConflictError: there is such a branch.
        UsageError: the name is none for a branch, what the tree had besides the commit is not on record as a whole, or
            a file to be edited is missing or no text.
    """
    git = Git(checkout.root)
    ref = f"refs/heads/{name}"
    if name.startswith("-") or git.status("check-ref-format", ref):
        raise UsageError("not the name of a branch", where=repr(name[:80]), hint="name another with --branch")
    if git.ask("rev-parse", "--verify", "-q", ref):
        what = f"there is a branch {name!r} already"
        raise ConflictError(what, hint=f"git switch {name}, or name another with --branch")
    commit = base
    changed: tuple[str, ...] = ()
    if dirty or edits:
        with scratch_folder() as scratch:
            commit, changed = _commit_on(git, checkout, base, dirty, edits, message, scratch / "index")
    made = git.attempt("update-ref", "-m", f"mlops-ci: {message}", ref, commit, "0" * len(base))
    if made.code:  # one of that name was made meanwhile, or there is a branch that is a folder of its name
        raise ConflictError(f"git makes no such branch: {made.reason}", where=name, hint="name another with --branch")
    return Branch(name, base, commit, changed)


def _commit_on(
    git: Git,
    checkout: Checkout,
    base: str,
    dirty: DirtyTree | None,
    edits: Mapping[str, Edit],
    message: str,
    index: Path,
) -> tuple[str, tuple[str, ...]]:
    identity = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        if git.ask("var", f"GIT_{role}_IDENT") is None  # nobody has told git who they are
        for what, value in _NOBODY.items()
    }
    beside = Git(checkout.root, {"GIT_INDEX_FILE": str(index), **identity})
    beside.run("read-tree", base)
    if dirty:
        _apply(beside, base, dirty)
    for path, edit in edits.items():
        _edit(beside, path, edit)
    tree = beside.run("write-tree").decode().strip()
    changed = _changed(beside, base)
    if not changed:
        return base, ()
    return beside.run("commit-tree", tree, "-p", base, "-m", message).decode().strip(), changed


def _apply(git: Git, base: str, dirty: DirtyTree) -> None:
    """Put what a tree had besides its commit into the index."""
    what = "what the tree of the run had besides its commit is not on record as a whole"
    hint = f"git branch NAME {base[:12]}, and change by hand: {', '.join(dirty.paths[:5])}"
    data = dirty.diff.encode()
    # Cut, redacted, or of a text that is not UTF-8.
    if digest_of_bytes(data) != dirty.digest or "\N{REPLACEMENT CHARACTER}" in dirty.diff:
        raise UsageError(what, where=base, hint=hint)
    if data and git.attempt("apply", "--cached", "--whitespace=nowarn", "-", given=data).code:
        raise UsageError(what, where=base, hint=hint)
    if {*_changed(git, base)} != {*dirty.paths}:  # files that git did not know are in no diff
        raise UsageError(what, where=base, hint=hint)


def _edit(git: Git, path: str, edit: Edit) -> None:
    entry = git.run("ls-files", "--stage", "-z", "--", f":(top,literal){path}").decode("utf-8", "surrogateescape")
    details, _, found = entry.partition("\0")[0].partition("\t")
    if found != path:
        raise UsageError("git does not have the file in that commit", where=path, hint="its values cannot be changed")
    mode, blob, _ = details.split()
    try:
        text = git.run("cat-file", "blob", blob).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError("not UTF-8 text", where=path) from error
    changed = git.run("hash-object", "-w", "--stdin", given=edit(text).encode()).decode().strip()
    git.run("update-index", "--cacheinfo", f"{mode},{changed},{path}")


def _changed(git: Git, base: str) -> tuple[str, ...]:
    listed = git.run("diff-index", "--cached", "--name-only", "--no-renames", "-z", base)
    return tuple(sorted(filter(None, listed.decode("utf-8", "surrogateescape").split("\0"))))
