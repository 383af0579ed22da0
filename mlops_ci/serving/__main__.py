"""``python -m mlops_ci.serving --package FOLDER``."""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn

from mlops_ci.serving.app import App
from mlops_ci.serving.package import read_package
from mlops_ci.serving.served import Served


def main() -> None:
    """Serve a package."""
    parser = argparse.ArgumentParser(prog="python -m mlops_ci.serving")
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    options = parser.parse_args()
    served = Served(read_package(options.package), waiting=lambda _: None, computed=lambda *_: None)
    uvicorn.run(
        App(served), host=options.host, port=options.port, access_log=False, loop="uvloop", http="httptools",
        lifespan="off", ws="none", server_header=False, date_header=False, log_level="warning",
    )  # fmt: skip


if __name__ == "__main__":
    main()
