"""Nothing changed: ``mlops-ci run`` beside ``dvc repro``, on the same files and steps, in turns.

    python benchmarks/nothing_changed.py [files | many | big ...]

``files``: 1,000 files, 100 MB, three steps. ``many``: 100,000 small files. ``big``: one file of 10 GB, with the digests
of both remembered from the run before. Default: ``files``. DVC gets an environment of its own, in the cache folder.
Both run with their defaults until everything is made, then some times with nothing to do, while they learn what they
need not look at; and then again with nothing to do; medians, and the ratio.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mlops_ci.edge.cache_folder import cache_folder

ROUNDS = 7
OLD_ENOUGH = 3  # seconds, after which both believe in what they remember
SETTLING = 3  # runs with nothing to do, of which the first look at everything
STEPS = {
    "prepare": ("cat data/* | sha256sum > build/prepared", "data", "build/prepared"),
    "train": ("cp build/prepared build/model", "build/prepared", "build/model"),
    "evaluate": ("wc build/model > build/metrics", "build/model", "build/metrics"),
}


def many_files(count: int, size: int) -> Callable[[Path], None]:
    """Writes so many files of so many bytes, in folders of a hundred."""

    def write(folder: Path) -> None:
        source = random.Random(1)
        for number in range(count):
            file = folder / f"{number // 100:04d}" / f"{number % 100:02d}.bin"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(source.randbytes(size))

    return write


def one_file(size: int) -> Callable[[Path], None]:
    """Writes one file of so many bytes."""

    def write(folder: Path) -> None:
        folder.mkdir()
        block = random.Random(1).randbytes(1 << 24)
        with (folder / "all.bin").open("wb") as file:
            for _ in range(size // len(block)):
                file.write(block)

    return write


CASES = {
    "files": ("1,000 files, 100 MB", many_files(1_000, 100_000)),
    "many": ("100,000 files of 100 bytes", many_files(100_000, 100)),
    "big": ("one file of 10 GB", one_file(10_000_000_000)),
}


def dvc() -> Path:
    """DVC in an environment of its own."""
    folder = cache_folder(os.environ).absolute() / "peers" / "dvc"
    found = folder / "bin" / "dvc"
    if not found.exists():
        subprocess.run(["uv", "venv", "-q", "--allow-existing", folder], check=True)
        subprocess.run(["uv", "pip", "install", "-q", "--python", folder / "bin" / "python", "dvc"], check=True)
    return found


def write_project(folder: Path, write_data: Callable[[Path], None]) -> None:
    """A repository with data that git ignores, and the same three steps for both."""
    theirs, ours = {}, {}
    for name, (command, reads, writes) in STEPS.items():
        reading = command.replace("data/*", "$(find data -type f | sort | head -100)")
        theirs[name] = {"cmd": f"mkdir -p build && {reading}", "deps": [reads], "outs": [writes]}
        what = {"data": ["data"], "inputs": []} if reads == "data" else {"inputs": [reads]}
        ours[name] = {"run": reading, "outputs": [writes], **what}
    project = {"version": 1, "model": {"name": "m", "files": ["build/model"]}, "steps": ours}
    (folder / "mlops.yaml").write_text(json.dumps({**project, "datasets": {"data": {"path": "data"}}}))
    (folder / "dvc.yaml").write_text(json.dumps({"stages": theirs}))
    (folder / ".gitignore").write_text("/data\n/build\n")
    write_data(folder / "data")


def write_checkout(folder: Path, write_data: Callable[[Path], None], environ: dict[str, str], peer: Path) -> None:
    """A repository with one commit, ready for both; each gets its own, as both watch all that happens there."""
    folder.mkdir()
    write_project(folder, write_data)
    author = ("-c", "user.name=b", "-c", "user.email=b@example.com")
    seconds_of(folder, environ, "git", "init", "-qb", "main")
    seconds_of(folder, environ, str(peer), "init", "-q")
    seconds_of(folder, environ, "git", "add", "-A")
    seconds_of(folder, environ, "git", *author, "commit", "-qm", "benchmark")


def seconds_of(folder: Path, environ: dict[str, str], *command: str) -> float:
    """How long a command takes."""
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True)
    return time.perf_counter() - began


def main(*wanted: str) -> None:
    """Measure and print."""
    peer = dvc()
    commands = {
        "dvc repro": [str(peer), "repro"],
        "mlops-ci run": [str(Path(sys.executable).with_name("mlops-ci")), "run"],
    }
    for case in wanted or ("files",):
        called, write_data = CASES[case]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            # Both with their modules compiled, as wherever a program runs more than once.
            inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
            environ = {**inherited, "DVC_NO_ANALYTICS": "1", "MLOPS_CI_CACHE_DIR": str(folder / "own")}
            for name in commands:
                write_checkout(folder / name, write_data, environ, peer)
            time.sleep(OLD_ENOUGH)
            first = {name: seconds_of(folder / name, environ, *command) for name, command in commands.items()}
            for _ in range(SETTLING):
                time.sleep(OLD_ENOUGH)
                for name, command in commands.items():
                    seconds_of(folder / name, environ, *command)
            seconds: dict[str, list[float]] = {name: [] for name in commands}
            for _ in range(ROUNDS):
                for name, command in commands.items():
                    seconds[name].append(seconds_of(folder / name, environ, *command))
        medians = {name: statistics.median(times) for name, times in seconds.items()}
        print(called)
        for name, median in medians.items():
            print(f"  {name:<14} first {first[name]:7.2f} s, nothing changed {median:6.2f} s")
        print(f"  ratio {medians['dvc repro'] / medians['mlops-ci run']:.1f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
