"""Where this machine keeps what can be made again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def cache_folder(environ: Mapping[str, str]) -> Path:
    """``MLOPS_CI_CACHE_DIR``, or a folder of ours among the user's caches."""
    if own := environ.get("MLOPS_CI_CACHE_DIR"):
        return Path(own)
    shared = environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "mlops-ci"
