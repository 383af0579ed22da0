"""The files of a commit in a folder of their own, from whole, shallow and partial clones."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from mlops_ci.errors import UsageError
from mlops_ci.source.checkout import Checkout
from mlops_ci.source.worktree import write_worktree
from mlops_ci.workspace.git.settings import find_remote
from tests.source.test_shallow import git
from tests.support.lab import git_environment, tree_bytes

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 3\n"


@pytest.fixture(autouse=True)
def _no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, str]:
    """A repository whose first commit has a bit of everything, and whose second has something else."""
    folder = tmp_path / "repository"
    (folder / "src").mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "uploadpack.allowFilter", "true")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    (folder / "src" / "tränen \n.py").write_bytes(b"print()\r\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("src")
    (folder / "empty").write_text("")
    (folder / ".gitattributes").write_text("* text eol=crlf export-ignore\n")
    known = hashlib.sha256(b"abc").hexdigest()
    (folder / "known.bin").write_text(POINTER.format(known))
    (folder / "unknown.bin").write_text(POINTER.format("0" * 64))
    git(folder, "add", "--all")
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendored")
    git(folder, "commit", "--quiet", "--message", "one")
    first = git(folder, "rev-parse", "HEAD")
    content = folder / ".git" / "lfs" / "objects" / known[:2] / known[2:4] / known
    content.parent.mkdir(parents=True)
    content.write_bytes(b"abc")
    git(folder, "rm", "--quiet", "--cached", "-r", ".")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "two")
    return folder, first


def test_a_commit_is_written_as_it_was_and_the_repository_stays_as_it_is(
    repository: tuple[Path, str], tmp_path: Path
) -> None:
    folder, first = repository
    before = tree_bytes(folder)
    worktree = write_worktree(Checkout(folder), first, tmp_path / "tree")
    assert tree_bytes(folder) == before
    root = worktree.root
    blobs = git(folder, "ls-tree", "-r", "--format=%(path)", "-z", first).split("\0")
    assert worktree.tracked == {path for path in blobs if path}
    assert (root / "src" / "tränen \n.py").read_bytes() == git_blob(folder, f"{first}:src/tränen \n.py")
    assert os.access(root / "run.sh", os.X_OK)
    assert not os.access(root / "empty", os.X_OK)
    assert (root / "link").readlink() == Path("src")
    assert (root / "known.bin").read_bytes() == b"abc"
    assert worktree.pointers == {"unknown.bin"}
    assert worktree.submodules == {"vendored"}
    assert [*(root / "vendored").iterdir()] == []


def git_blob(folder: Path, name: str) -> bytes:
    return subprocess.run(
        ["git", "cat-file", "blob", name], cwd=folder, env=git_environment(), check=True, capture_output=True
    ).stdout


@pytest.mark.parametrize("how", [["--depth=1"], ["--filter=blob:none"], ["--filter=tree:0"]])
def test_what_a_clone_lacks_comes_from_its_origin(repository: tuple[Path, str], tmp_path: Path, how: list[str]) -> None:
    folder, first = repository
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--no-local", *how, f"file://{folder}", str(clone))
    before = tree_bytes(clone)
    checkout = Checkout(clone, lambda: find_remote("git+origin", clone, git_environment()))
    found = write_worktree(checkout, first, tmp_path / "tree")
    assert tree_bytes(clone) == before
    expected = write_worktree(Checkout(folder), first, tmp_path / "expected")
    assert {**tree_bytes(found.root), "known.bin": b""} == {**tree_bytes(expected.root), "known.bin": b""}
    assert found.pointers == {"known.bin", "unknown.bin"}


def test_a_commit_that_nobody_has_is_said(repository: tuple[Path, str], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such commit"):
        write_worktree(Checkout(repository[0]), "f" * 40, tmp_path / "tree")
