"""The set-up of an action beside ``python -m venv`` with ``pip install`` of the same packages: seconds and megabytes.

Cold is a machine that has nothing of ours, warm one that has all. Both fetch from the same index, one after the other.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SET_UP = ROOT / "actions/setup/set_up.sh"
LOCKS = ROOT / "actions/setup/locks"
CASES = {"core": (), "core + gate": ("gate",)}
_MEGABYTE = 1_000_000


def main() -> None:
    """Measure and print."""
    print(f"{'':<14} {'set-up, cold':>13} {'warm':>8} {'size':>8} {'venv + pip':>11} {'size':>8}   pip / set-up")
    for name, extras in CASES.items():
        folder = Path(tempfile.mkdtemp())
        try:
            cold, warm = set_up(folder, extras), set_up(folder, extras)
            environment = max(folder.glob("mlops-ci/*/core*"), key=lambda path: len(path.name))
            peer = folder / "venv"
            seconds = with_pip(peer, extras)
            print(
                f"{name:<14} {cold:>11.1f} s {warm:>6.2f} s {megabytes(environment):>5.0f} MB"
                f" {seconds:>9.1f} s {megabytes(peer):>5.0f} MB   {seconds / cold:.1f}"
            )
        finally:
            shutil.rmtree(folder)


def set_up(tools: Path, extras: tuple[str, ...]) -> float:
    """Seconds of one set-up: looking, and installing what is missing."""
    env = {**os.environ, "RUNNER_TOOL_CACHE": str(tools), "MLOPS_CI_EXTRA": "\n".join(extras)}
    started = time.perf_counter()
    for command in ("look", "install"):
        subprocess.run([SET_UP, command], cwd=tools, env=env, check=True, capture_output=True)
    return time.perf_counter() - started


def with_pip(folder: Path, extras: tuple[str, ...]) -> float:
    """Seconds that the standard tools need, with the same locks and no cache."""
    env = {**os.environ, "PIP_CONFIG_FILE": os.devnull}
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    requirements = [part for name in ("core", *extras) for part in ("--requirement", LOCKS / f"{name}.txt")]
    pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--no-cache-dir", "--require-hashes"]
    subprocess.run([*pip, *requirements], check=True, env=env)
    return time.perf_counter() - started


def megabytes(folder: Path) -> float:
    """What a folder holds."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / _MEGABYTE


if __name__ == "__main__":
    main()
