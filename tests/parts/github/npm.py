"""Where the npm packages are that the stand-in for GitHub is made of."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.parts.need import missing

_ROOT = Path(__file__).parents[3]


def parts_folder() -> Path:
    """The cache of parts, where ``.ci/run`` installs them."""
    return Path(os.environ.get("MLOPS_CI_CACHE_DIR") or _ROOT / ".cache") / "parts"


def package(name: str) -> tuple[Path, str]:
    """The folder and the version of an installed package."""
    folder = parts_folder() / "node_modules" / name
    if not (folder / "package.json").is_file():
        missing(f"{name}; npm install --prefix {parts_folder()} {name}")
    manifest: dict[str, Any] = json.loads((folder / "package.json").read_text("utf-8"))
    return folder, manifest["version"]
