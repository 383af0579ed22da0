"""Where the settings of a user's git are that no repository has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mlops_ci.edge.git import Git


def settings_elsewhere(root: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The files that say, besides the repository at ``root``, what git ignores there; some may not exist."""
    home = Path(environ.get("HOME") or ".").absolute()
    own = Path(environ.get("XDG_CONFIG_HOME") or home / ".config").absolute() / "git"
    chosen = Git(root).ask("config", "--type=path", "--get", "core.excludesFile")
    named = [environ.get("GIT_CONFIG_SYSTEM") or "/etc/gitconfig", environ.get("GIT_CONFIG_GLOBAL"), chosen]
    return (home / ".gitconfig", own / "config", own / "ignore", *(root / path for path in named if path))
