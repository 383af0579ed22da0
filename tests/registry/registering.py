"""Registers one version, tags it in the same group, and says so: what the tests run under ``strace``.

``python -m tests.registry.registering <workspace> <sources>``; exits as the command line does.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mlops_ci.errors import MlopsError
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import Registered, Registration, register
from mlops_ci.registry.tags import set_tags
from mlops_ci.workspace.local import LocalStore
from tests.registry.making import open_log, registration, sha


def request(sources: Path) -> Registration:
    return registration(sources, sha(1), "f1", files={"model.bin": b"weights " * 1000, "labels/all.json": b"[]"})


def register_whole(log: ModelLog, sources: Path) -> Registered:
    def both() -> Registered:
        done = register(log, request(sources))
        set_tags(log, done.version.version, {"whole": "yes"})
        return done

    return log.together(both)


def main(workspace: str, sources: str) -> int:
    try:
        done = register_whole(open_log(LocalStore(Path(workspace))), Path(sources))
    except MlopsError as error:
        return error.exit_code
    os.write(1, f"v{done.version.version} {done.how}\n".encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
