"""Starts uv, which resolves and installs packages."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mlops_ci.errors import MissingExtraError, RemoteError, UsageError

_NETWORK = re.compile(r"fetch|connect|network|timed out|dns|tls|certificate|download", re.IGNORECASE)


def run_uv(*arguments: str, folder: Path, environ: Mapping[str, str], where: str, hint: str) -> str:
    """What uv prints.

    Args:
        arguments: the command.
        folder: where it runs.
        environ: its variables.
        where: what it works on, for messages.
        hint: what to do where it refuses.

    Raises:
        MissingExtraError: there is no uv.
        RemoteError: the package index cannot be reached.
        UsageError: uv refused.
    """
    finished = subprocess.run(
        [_find_uv(), *arguments, "--quiet"],
        cwd=folder,
        env={**environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        reason = " ".join(finished.stderr.split()).removeprefix("error: ")[:600]
        if _NETWORK.search(reason):
            raise RemoteError(f"uv failed: {reason}", where=where, hint="try again later")
        raise UsageError(f"uv failed: {reason}", where=where, hint=hint)
    return finished.stdout


def _find_uv() -> str:
    try:
        import uv

        return uv.find_uv_bin()
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
        if found is None:
            raise MissingExtraError("locking and building an environment", "pip") from None
        return found
