"""Where this machine keeps what can be made again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mlops_ci.errors import UsageError


def cache_folder(environ: Mapping[str, str]) -> Path:
    """``MLOPS_CI_CACHE_DIR``, or a folder of ours among the user's caches.

    Raises:
        UsageError: the user has no home.
    """
    if own := environ.get("MLOPS_CI_CACHE_DIR"):
        return Path(own)
    shared = environ.get("XDG_CACHE_HOME")
    if shared:
        return Path(shared) / "mlops-ci"
    try:
        return Path.home() / ".cache" / "mlops-ci"
    except RuntimeError as error:  # a user id that no user has, in a container
        raise UsageError("there is no home to keep caches in", hint="set MLOPS_CI_CACHE_DIR to a folder") from error
