"""``python -m mlops_ci.serving --package FOLDER``."""

from __future__ import annotations

import os
import sys

from mlops_ci.errors import MlopsError
from mlops_ci.serving.options import parse
from mlops_ci.serving.supervisor import serve


def main() -> int:
    """Serve a package; every error is one line on stderr."""
    try:
        return serve(parse(sys.argv[1:], os.environ), os.environ, _say)
    except MlopsError as error:
        _say(f"error[{error.exit_code}]: {error.line()}")
        return error.exit_code


def _say(line: str) -> None:
    print(f"mlops-ci: {line}", file=sys.stderr, flush=True)  # noqa: T201 - the server has no other voice


if __name__ == "__main__":
    sys.exit(main())
