"""The packed extension for Azure Pipelines, packed once for each state of what goes into it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.parts.need import missing

ROOT = Path(__file__).parents[2]
_PACKED = ("mlops_ci", "schemas", "examples/flight-delay", "actions/setup", "pipelines", "pyproject.toml", "README.md",
           "LICENSE")  # fmt: skip
_MADE = {"node_modules", "__pycache__"}
_STALE_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Extension:
    """The extension as a file, and as it is unpacked."""

    file: Path
    folder: Path

    def task(self, name: str) -> Path:
        """The folder of a task."""
        return self.folder / "tasks" / name


@pytest.fixture(scope="session")
def extension() -> Extension:
    """What ``make vsix`` makes. All workers, and later sessions, share it until something that is packed changes."""
    if not shutil.which("npm"):
        missing("npm")
    cache = Path(os.environ.get("MLOPS_CI_CACHE_DIR") or ROOT / ".cache").absolute() / "parts" / "extensions"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / _digest()
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _pack(cache, folder)
        os.utime(folder)
    return Extension(folder / "mlops-ci.vsix", folder / "unpacked")


def _pack(cache: Path, folder: Path) -> None:
    for old in cache.iterdir():
        with suppress(OSError):
            if old.is_dir() and time.time() - old.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(old)
    aside = cache / ".packing"
    shutil.rmtree(aside, ignore_errors=True)
    packing = [sys.executable, str(ROOT / "pipelines/pack.py"), str(aside / "mlops-ci.vsix")]
    done = subprocess.run(packing, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(aside / "mlops-ci.vsix") as archive:
        archive.extractall(aside / "unpacked")
    aside.rename(folder)


def _digest() -> str:
    found = hashlib.sha256()
    for file in _files():
        data = file.read_bytes()
        found.update(f"{file.relative_to(ROOT)} {len(data)}\n".encode() + data)
    return found.hexdigest()[:16]


def _files() -> Iterator[Path]:
    for name in _PACKED:
        place = ROOT / name
        if place.is_file():
            yield place
        for folder, folders, files in os.walk(place):
            folders[:] = sorted(set(folders) - _MADE)
            yield from (Path(folder) / each for each in sorted(files))
