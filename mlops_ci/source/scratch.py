"""A git repository of our own, made from scratch; the user's repository and settings are never touched."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mlops_ci.errors import RemoteError

_IDENTITY = {
    "GIT_AUTHOR_NAME": "mlops-ci demo",
    "GIT_AUTHOR_EMAIL": "demo@localhost",
    "GIT_COMMITTER_NAME": "mlops-ci demo",
    "GIT_COMMITTER_EMAIL": "demo@localhost",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


class ScratchRepository:
    """A repository in a new folder, with a branch ``main``."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self._environ = {
            # Inside a hook or another tool these would lead git to another repository.
            **{name: value for name, value in environ.items() if not name.startswith("GIT_")},
            **_IDENTITY,
        }
        self._git("init", "--quiet", "--initial-branch=main")

    def commit_all(self, message: str) -> str:
        """Commit everything, and return the new commit."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        try:
            done = subprocess.run(
                ["git", *arguments], cwd=self.folder, env=self._environ, capture_output=True, text=True, check=False
            )
        except FileNotFoundError as error:
            raise RemoteError("git cannot be started", hint="install git and put it on the PATH") from error
        if done.returncode:
            raise RemoteError(f"git {arguments[0]} failed: {done.stderr.strip()}", where=str(self.folder))
        return done.stdout
