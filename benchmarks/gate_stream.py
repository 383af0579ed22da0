"""Judges two Parquet files of 100 million rows each, and prints how fast and in how much memory.

    python benchmarks/gate_stream.py [--rows 100000000] [--folder FOLDER]

The files are made first, in a process of their own; what is measured is ``mlops-ci gate`` from start to end.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

PART = 5_000_000
RULES = ("accuracy > baseline", "log_loss <= baseline * 1.01")


def make(folder: Path, rows: int) -> None:
    """Predictions of two models on the same rows: an id, the truth, a score."""
    for name, strength, seed in (("new", 0.41, 1), ("old", 0.40, 2)):
        for start in range(0, rows, PART):
            count = min(PART, rows - start)
            truth = np.random.default_rng([0, start]).random(count) < 0.2
            noise = np.random.default_rng([seed, start]).random(count)
            score = np.clip(truth * strength + noise * (1 - strength), 0.001, 0.999).astype(np.float32)
            part = pl.DataFrame({"id": np.arange(start, start + count), "target": truth, "score": score})
            part.write_parquet(folder / f"{name}-{start:012}.part")
        pl.scan_parquet(folder / f"{name}-*.part").sink_parquet(folder / f"{name}.parquet", row_group_size=500_000)
        for part in folder.glob(f"{name}-*.part"):
            part.unlink()


def measure(folder: Path, rows: int) -> None:
    """Judge, and print the time and the most memory that the process had."""
    command = [sys.executable, "-m", "mlops_ci", "gate", "--json", "--candidate", str(folder / "new.parquet")]
    command += ["--baseline", str(folder / "old.parquet")]
    for rule in RULES:
        command += ["--rule", rule]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    peak = usage.ru_maxrss / (1 if sys.platform == "darwin" else 1024) / (2**20 if sys.platform == "darwin" else 1)
    size = sum(file.stat().st_size for file in folder.glob("*.parquet")) / 2**20
    print(f"{rows:,} paired rows x 3 columns, {size:,.0f} MiB in two files, {len(RULES)} rules")
    print(f"{seconds:.1f} s, {rows / seconds:,.0f} rows/s, peak memory {peak:,.0f} MiB")
    print(f"exit code {os.waitstatus_to_exitcode(status)}")


def main() -> None:
    """Make the files and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--folder", type=Path, help="where to make the files; kept if they are there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gate-stream-") as scratch:
        folder = options.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "old.parquet").exists():
            make(folder, options.rows)
        measure(folder, options.rows)


if __name__ == "__main__":
    main()
