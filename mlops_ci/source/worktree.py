"""The files of a commit in a folder of their own; the user's repository, its index and its worktrees stay as they are.

Files are as they were committed: no filter runs that a repository may have for its checkouts. Of Git LFS, what this
clone has fetched stands in for its pointers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mlops_ci.edge.files import clone, digest_of_file
from mlops_ci.edge.git import Git
from mlops_ci.errors import IntegrityError
from mlops_ci.records.digest import PREFIX
from mlops_ci.source.checkout import Checkout

_LINK, _SUBMODULE, _EXECUTABLE = "120000", "160000", "100755"
_BATCH = 16 << 20  # bytes that are read at once; a larger file comes by itself
_CHUNK = 1 << 20
# https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\n")
_LARGEST_POINTER = 1024


@dataclass(frozen=True, slots=True)
class Worktree:
    """Where a commit's files are. All paths are relative to ``root``, the top of the repository.

    ``tracked`` are all files and ``submodules``, which are empty folders here; ``pointers`` are files of Git LFS whose
    content this clone does not have.
    """

    root: Path
    sha: str
    tracked: frozenset[str]
    submodules: frozenset[str]
    pointers: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Item:
    mode: str
    name: str
    size: int
    path: str


def write_worktree(checkout: Checkout, sha: str, root: Path) -> Worktree:
    """Write the files of a commit into a folder; what a shallow or partial clone lacks comes from its origin.

    Args:
        checkout: the user's repository.
        sha: the commit.
        root: a folder that does not exist yet.

    Raises:
        UsageError: neither the clone nor its origin has the commit.
        IntegrityError: the commit has a path that leads out of the folder.
    """
    git = checkout.whole(sha)
    items = list(_items(git, sha))
    root.mkdir(parents=True)
    submodules = [item for item in items if item.mode == _SUBMODULE]
    for item in submodules:
        (root / item.path).mkdir(parents=True)
    files = [item for item in items if item.mode not in {_LINK, _SUBMODULE}]
    for item, content in _contents(git, (item for item in files if item.size <= _BATCH)):
        _place(root, item).write_bytes(content)
    for item in (item for item in files if item.size > _BATCH):
        with git.reading("cat-file", "blob", item.name) as output, _place(root, item).open("wb") as file:
            while chunk := output.read(_CHUNK):
                file.write(chunk)
    pointers = _without_content(checkout, root, files)
    for item in files:
        if item.mode == _EXECUTABLE:
            (root / item.path).chmod(0o755)
    # Last, so that nothing is ever written through one.
    for item, content in _contents(git, (item for item in items if item.mode == _LINK)):
        _place(root, item).symlink_to(content.decode("utf-8", "surrogateescape"))
    return Worktree(
        root=root,
        sha=sha,
        tracked=frozenset(item.path for item in items),
        submodules=frozenset(item.path for item in submodules),
        pointers=pointers,
    )


def _items(git: Git, sha: str) -> Iterator[_Item]:
    listing = git.run("ls-tree", "-r", "-l", "-z", "--full-tree", sha).decode("utf-8", "surrogateescape")
    for line in filter(None, listing.split("\0")):
        details, _, path = line.partition("\t")
        mode, _, name, size = details.split()
        if path.startswith("/") or {"..", ".git"} & {*PurePosixPath(path).parts}:
            raise IntegrityError("the commit has a path that no checkout has", where=repr(path))
        yield _Item(mode, name, int(size) if size.isdigit() else 0, path)


def _contents(git: Git, items: Iterable[_Item]) -> Iterator[tuple[_Item, bytes]]:
    """Small files with their contents, many of them at a time."""
    batch: list[_Item] = []
    for item in items:
        if batch and sum(one.size for one in batch) + item.size > _BATCH:
            yield from _read(git, batch)
            batch = []
        batch.append(item)
    if batch:
        yield from _read(git, batch)


def _read(git: Git, batch: list[_Item]) -> Iterator[tuple[_Item, bytes]]:
    output = git.run("cat-file", "--batch", given="".join(f"{item.name}\n" for item in batch).encode())
    position = 0
    for item in batch:
        start = output.index(b"\n", position) + 1  # after "<name> blob <size>"
        position = start + item.size + 1
        yield item, output[start : start + item.size]


def _place(root: Path, item: _Item) -> Path:
    target = root / item.path
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _without_content(checkout: Checkout, root: Path, files: Iterable[_Item]) -> frozenset[str]:
    """Replace the pointers of Git LFS by what this clone has of them, and return those of which it has nothing."""
    found: set[str] = set()
    for item in files:
        pointer = _POINTER.match((root / item.path).read_bytes()) if item.size < _LARGEST_POINTER else None
        if pointer:
            digest = pointer[1].decode()
            content = checkout.large_files / digest[:2] / digest[2:4] / digest
            if content.is_file() and digest_of_file(content) == f"{PREFIX}{digest}":
                clone(content, root / item.path)
            else:
                found.add(item.path)
    return frozenset(found)
