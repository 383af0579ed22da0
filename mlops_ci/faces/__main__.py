"""``python -m mlops_ci.faces [--check]``: writes the generated files anew, or tells which are stale."""

from __future__ import annotations

import sys
from pathlib import Path

from mlops_ci.faces.generate import everything, stale, write

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Write or check."""
    files = everything()
    if "--check" not in sys.argv[1:]:
        write(ROOT, files)
    if wrong := stale(ROOT, files):
        sys.exit("".join(f"stale: {path}\n" for path in wrong) + "run make generate; remove what has no task")


if __name__ == "__main__":
    main()
