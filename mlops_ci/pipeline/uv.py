"""Runs uv, which locks and installs Python packages."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mlops_ci.errors import MissingExtraError, RemoteError, UsageError

_NETWORK = re.compile(r"fetch|connect|network|timed out|dns|tls|certificate|download", re.IGNORECASE)


def run_uv(environ: Mapping[str, str], folder: Path, where: str, *arguments: str) -> str:
    """Run uv in a folder, and return what it printed.

    Args:
        environ: the environment of the job, which may name an index.
        folder: where it runs.
        where: the file that it is about, for messages.
        arguments: its arguments.

    Raises:
        MissingExtraError: there is no uv.
        UsageError: what is asked for cannot be had.
        RemoteError: the package index cannot be reached.
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
        raise UsageError(f"uv failed: {reason}", where=where, hint="mend the requirements")
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
