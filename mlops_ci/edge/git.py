"""Starts git through GitPython; nothing else does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mlops_ci.errors import RemoteError, UsageError

# git rev-parse --local-env-vars
_LOCAL = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")


class Git:
    """Git in a folder. Its configuration and index are never changed."""

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # GitPython reads it while being imported
        import git

        if not folder.is_dir():
            raise UsageError("no such folder", where=str(folder))
        self._not_found = git.exc.GitCommandNotFound
        self._git: Any = git.Git(str(folder))

    def ask(self, *arguments: str) -> str | None:
        """The stripped output; None where git says no or nothing."""
        code, output, _ = self._execute(arguments)
        text = output.decode("utf-8", "surrogateescape").strip()
        return text if code == 0 and text else None

    def run(self, *arguments: str) -> bytes:
        """The output of a command that has to work.

        Raises:
            RemoteError: git failed; its own words say why.
        """
        code, output, errors = self._execute(arguments)
        if code:
            lines = errors.decode("utf-8", "replace").strip().splitlines() or [f"exit code {code}"]
            reason = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1])
            raise RemoteError(f"git {arguments[0]} failed: {reason}", where=str(self._git.working_dir))
        return output

    def status(self, *arguments: str) -> int:
        """The exit code alone."""
        return self._execute(arguments)[0]

    def _execute(self, arguments: tuple[str, ...]) -> tuple[int, bytes, bytes]:
        try:
            code, output, errors = self._git.execute(
                # Optional locks: status and diff would otherwise rewrite the user's index.
                [*_unset(), "git", "--no-optional-locks", *arguments],
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
            )
        except self._not_found as error:
            raise RemoteError("git cannot be started", hint="install git and put it on the PATH") from error
        return int(code), bytes(output), errors.encode() if isinstance(errors, str) else bytes(errors)


def _unset() -> list[str]:
    """What takes a hook's variables away, which lead git elsewhere than the folder that it is asked about."""
    present = [name for name in _LOCAL if name in os.environ]
    return ["env", *(part for name in present for part in ("-u", name))] if present else []
