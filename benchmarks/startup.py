"""``mlops-ci --version`` against ``python -c "import click"``: medians of interleaved runs, and their ratio."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 40
COMMANDS = {
    'python -c "import click"': [sys.executable, "-c", "import click"],
    "mlops-ci --version": [str(Path(sys.executable).with_name("mlops-ci")), "--version"],
}


def main() -> None:
    """Measure and print."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, command in COMMANDS.items():
            started = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    for name, median in medians.items():
        print(f"{name:<28} {median * 1000:6.1f} ms")
    peer, ours = medians.values()
    print(f"ratio {ours / peer:.2f} (promised: at most 1.5)")


if __name__ == "__main__":
    main()
