"""64 processes register at once in one folder: with distinct keys, then with one key."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path

from mlops_ci.edge.files import digest_of_file
from mlops_ci.records.actor import Actor
from mlops_ci.records.files import FileRecord
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.register import Registration, register
from mlops_ci.registry.uploads import LocalFile
from mlops_ci.workspace.local import LocalStore

PROCESSES = 64


def _register(root: str, model: str, key: str, source: str, start: Barrier, found: multiprocessing.Queue[int]) -> None:
    log = ModelLog(LocalStore(Path(root)), model, actor=Actor("benchmark"), clock=lambda: datetime.now(UTC))
    file = Path(source)
    record = FileRecord("model.bin", digest_of_file(file), file.stat().st_size)
    start.wait()
    found.put(register(log, Registration(None, key, (LocalFile(record, lambda: file),))).version.version)


def _race(root: Path, model: str, keys: list[str]) -> tuple[list[int], float]:
    source = root / "model.bin"
    source.write_bytes(b"model" * 1000)
    context = multiprocessing.get_context("spawn")
    start, found = context.Barrier(len(keys) + 1), context.Queue()
    workers = [
        context.Process(target=_register, args=(str(root / "workspace"), model, key, str(source), start, found))
        for key in keys
    ]
    for worker in workers:
        worker.start()
    start.wait()
    began = time.perf_counter()
    versions = sorted(found.get() for _ in workers)
    seconds = time.perf_counter() - began
    for worker in workers:
        worker.join()
    return versions, seconds


def main() -> None:
    """Race and print."""
    with tempfile.TemporaryDirectory() as folder:
        distinct, seconds = _race(Path(folder), "distinct", [f"key {n}" for n in range(PROCESSES)])
        dense = distinct == list(range(1, PROCESSES + 1))
        print(f"distinct keys: versions {distinct[0]}..{distinct[-1]}, dense: {dense}, {seconds:.2f} s")
        same, seconds = _race(Path(folder), "same", ["one key"] * PROCESSES)
        print(f"one key: versions {sorted(set(same))}, {seconds:.2f} s")


if __name__ == "__main__":
    main()
