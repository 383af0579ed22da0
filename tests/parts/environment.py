"""Environments of their own for programs that tests work with, built once and kept in the cache folder."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.parts.need import missing

ROOT = Path(__file__).parents[2]


def environment(name: str, *requirements: str) -> Path:
    """The folder of the executables of an environment with these packages."""
    cache = Path(os.environ.get("MLOPS_CI_CACHE_DIR") or ROOT / ".cache") / "parts"
    cache.mkdir(parents=True, exist_ok=True)
    folder, wanted = cache / name, "\n".join(requirements)
    with (cache / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other workers may want it now, too
        ready = folder / ".ready"
        if not ready.is_file() or ready.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv") or missing("uv")
            for command in (
                [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
                [uv, "pip", "install", "--quiet", "--python", str(folder / "bin/python"), *requirements],
            ):
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    missing(f"{name}, which could not be installed: {done.stderr.strip().splitlines()[-1:]}")
            ready.write_text(wanted)
    return folder / "bin"
