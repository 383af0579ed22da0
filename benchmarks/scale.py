"""A registry of many versions: how long its commonest questions take, cold and warm, in requests, seconds and memory.

    python benchmarks/scale.py [versions]      (default 100,000)

The workspace is built once in a folder, without the durability that writing it entry by entry would have.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from mlops_ci.lifecycle.finding import find_versions
from mlops_ci.records.actor import Actor
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.entry import Body, Register
from mlops_ci.records.files import FileRecord
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.promote import move_alias
from mlops_ci.registry.quick import resolve_quickly
from mlops_ci.registry.search import Query, parse_condition
from mlops_ci.workspace.format import initialise
from mlops_ci.workspace.local import LocalStore

MODEL = "flight-delay"
LINES = ("cold alias", "cold read", "warm append", "cold search", "warm search", "search metric", "search commit")


class Counting(LocalStore):
    """Counts what would be requests to an object store."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.requests: Counter[str] = Counter()

    def get(self, key: str) -> bytes | None:
        """Count and pass on."""
        self.requests["get"] += 1
        return super().get(key)

    def create(self, key: str, data: bytes) -> bool:
        """Count and pass on."""
        self.requests["create"] += 1
        return super().create(key, data)

    def put(self, key: str, data: bytes) -> None:
        """Count and pass on."""
        self.requests["put"] += 1
        super().put(key, data)


class Hasty(LocalStore):
    """Creates without fsync and without a look, to build a large workspace in short time."""

    def create(self, key: str, data: bytes) -> bool:
        """Write."""
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return True


def sha(number: int) -> str:
    """A commit."""
    return hashlib.sha1(str(number).encode(), usedforsecurity=False).hexdigest()


def version(number: int) -> Register:
    """A version as a real pipeline registers it: a few metrics, params, tags and files."""
    digest = digest_of_bytes(str(number).encode())
    return Register(
        version=number,
        commit=sha(number),
        fingerprint=digest,
        digest=digest,
        attempt=digest[7:39],
        files=(FileRecord("build/model.onnx", digest, 1_000_000), FileRecord("build/labels.json", digest, 100)),
        tags={"team": f"team-{number % 50}", "stage": "nightly" if number % 7 else "release"},
        metrics={"roc_auc": 0.5 + (number * 7919 % 100_000) / 200_000, "accuracy": 0.9, "log_loss": 0.3},
        params={"train": {"depth": number % 12, "rate": 0.1}, "seed": number},
        datasets={"flights": digest},
        run=f"20260101T000000000-{number:08x}",
    )


def open_log(store: LocalStore) -> ModelLog:
    """The model's log."""
    return ModelLog(store, MODEL, actor=Actor("benchmark"), clock=lambda: datetime.now(UTC))


def build(root: Path, count: int) -> None:
    """Write a workspace of so many versions, the last but one champion."""
    store = Hasty(root)
    initialise(LocalStore(root))
    log = open_log(store)
    numbers = iter(range(1, count + 1))

    def write() -> None:
        for number in numbers:
            log.append(lambda _, number=number: version(number))  # type: ignore[misc]

    log.together(write)
    move_alias(log, "champion", count - 1, rollback=False, reason=None)


def measured(root: Path, what: str, count: int, cache: Path) -> dict[str, float]:
    """Do one thing, in this process, and return seconds, requests and peak memory in MB."""
    store = Counting(root)
    environ = {"MLOPS_CI_CACHE_DIR": str(cache)}
    log = open_log(store)

    def body(number: int) -> Callable[[object], Body | None]:
        return lambda _: version(number)

    todo: dict[str, Callable[[], object]] = {
        "cold alias": lambda: resolve_quickly(log, "champion"),
        "cold read": log.read,
        "warm append": lambda: log.append(body(log.folded.next_version)),
        "cold search": lambda: find_versions(store, Query(model=MODEL, tags={"team": "team-3"}, limit=50), environ, {}),
        "warm search": lambda: find_versions(store, Query(model=MODEL, tags={"team": "team-3"}, limit=50), environ, {}),
        "search metric": lambda: find_versions(
            store,
            Query(model=MODEL, metrics=(parse_condition("roc_auc > 0.9"),), sort="-roc_auc", limit=50),
            environ,
            {},
        ),
        "search commit": lambda: find_versions(store, Query(model=MODEL, commit=sha(count // 2)[:12]), environ, {}),
    }
    if what == "warm append":
        log.read()
    store.requests.clear()
    began = time.perf_counter()
    todo[what]()
    seconds = time.perf_counter() - began
    # Not ru_maxrss, which knows of the parent's memory, too.
    [peak] = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    memory = int(peak) / 1024
    return {"seconds": seconds, "requests": store.requests.total(), "MB": memory}


def report(root: Path, count: int, cache: Path) -> Iterator[str]:
    """Measure each thing in a process of its own."""
    for what in LINES:
        order = json.dumps([str(root), what, count, str(cache)])
        done = subprocess.run([sys.executable, __file__, "--one", order], capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        yield f"{what:<16}{found['seconds']:>10.3f} s {found['requests']:>7.0f} requests {found['MB']:>8.0f} MB peak"


def main() -> None:
    """Build and measure."""
    if sys.argv[1:2] == ["--one"]:
        root, what, count, cache = json.loads(sys.argv[2])
        print(json.dumps(measured(Path(root), what, count, Path(cache))))
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        root, cache = Path(folder) / "workspace", Path(folder) / "cache"
        began = time.perf_counter()
        build(root, count)
        print(f"{count:,} versions, built in {time.perf_counter() - began:.0f} s")
        for line in report(root, count, cache):
            print(line, flush=True)
        print(f"index: {sum(f.stat().st_size for f in cache.rglob('*') if f.is_file()) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
