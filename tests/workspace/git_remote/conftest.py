"""A git host, clients with caches of their own, and a user's checkout."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_ci.workspace.open import open_store
from mlops_ci.workspace.store import Store
from tests.parts.git_http import Repository, git_host

Client = Callable[..., Store]


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(autouse=True)
def _a_machine_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_CI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "gitconfig").write_text("[user]\n\tname = A User\n\temail = user@example.org\n")


@pytest.fixture
def remote() -> Repository:
    return git_host().repository()


@pytest.fixture
def client(remote: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Opens a client of the remote, with the cache of that name; every other name is another machine."""

    def open_client(cache: str = "cache", url: str | None = None) -> Store:
        monkeypatch.setenv("MLOPS_CI_CACHE_DIR", str(tmp_path / cache))
        return open_store(url or f"git+{remote.url}", tmp_path)

    return open_client


@pytest.fixture
def checkout(remote: Repository, tmp_path: Path) -> Path:
    """A user's checkout of the remote's branch ``main``."""
    folder = tmp_path / "checkout"
    git(tmp_path, "clone", "--quiet", remote.url, str(folder))
    (folder / "train.py").write_text("print()\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    git(folder, "push", "--quiet", "origin", "HEAD:main")
    remote.requests.clear()
    return folder
