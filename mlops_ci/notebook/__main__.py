"""``python -m mlops_ci.notebook``: runs a notebook as a script is run, and keeps it with its outputs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mlops_ci.notebook.execution import Execution


def main(argv: Sequence[str] | None = None) -> int:
    """Run one notebook in the current folder.

    Returns:
        0; 1 where a cell has failed, after its last lines and one line that begins with ``error:``.
    """
    options = _parser().parse_args(argv)
    return Execution(options.notebook, options.keep).run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mlops_ci.notebook", description=__doc__)
    parser.add_argument("notebook", type=Path, help="the notebook, which stays as it is")
    parser.add_argument("--keep", type=Path, required=True, help="where it is kept with its outputs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
