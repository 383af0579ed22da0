"""The entries of a log in a folder, as they are stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mlops_ci.registry.log_objects import parted
from mlops_ci.workspace.layout import log_prefix


def log_entries(workspace: Path, model: str) -> list[dict[str, Any]]:
    """All entries of a model's log, oldest first, whichever of them were written together."""
    files = sorted((workspace / log_prefix(model)).glob("*"))
    return [json.loads(entry) for file in files for entry in parted(file.read_bytes(), file.name)]
