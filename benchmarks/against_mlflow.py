"""The registry against MLflow's on SQLite, side by side in one run: register, resolve an alias, search by tag.

    python benchmarks/against_mlflow.py PYTHON [versions]      (PYTHON: an interpreter that has mlflow; default 10,000)

Both keep their state on the same disk, without a server in between. Ours makes every version durable with fsync;
MLflow's SQLite store does whatever it does by default.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from scale import MODEL, build, open_log, sha

from mlops_ci.lifecycle.finding import find_versions
from mlops_ci.records.files import FileRecord
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.quick import resolve_quickly
from mlops_ci.registry.register import Registration, register
from mlops_ci.registry.search import Query
from mlops_ci.registry.uploads import LocalFile
from mlops_ci.workspace.local import LocalStore

ROUNDS = 50
THEIRS = """
import json, statistics, sys, time
from mlflow import MlflowClient
folder, count, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db", registry_uri=f"sqlite:///{folder}/mlflow.db")
client.create_registered_model("flight-delay")
def register(number):
    tags = {"team": f"team-{number % 50}", "stage": "nightly" if number % 7 else "release"}
    return client.create_model_version("flight-delay", source=f"file://{folder}/model", tags=tags)
for number in range(1, count + 1):
    register(number)
client.set_registered_model_alias("flight-delay", "champion", count - 1)
def measured(action):
    taken = []
    for number in range(rounds):
        began = time.perf_counter()
        action(number)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
print(json.dumps({
    "register": measured(lambda n: register(count + 1 + n)),
    "resolve": measured(lambda n: client.get_model_version_by_alias("flight-delay", "champion")),
    "search": measured(lambda n: client.search_model_versions("tags.team = 'team-3'", max_results=50)),
}))
"""


def median(action: Callable[[int], object]) -> float:
    """The median time of an action, in seconds."""
    taken = []
    for number in range(ROUNDS):
        began = time.perf_counter()
        action(number)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def ours(folder: Path, count: int) -> dict[str, float]:
    """Our figures, every question asked by a client that has not asked before."""
    root, source, environ = folder / "workspace", folder / "model.bin", {"MLOPS_CI_CACHE_DIR": str(folder / "cache")}
    build(root, count)
    source.write_bytes(b"model")
    record = FileRecord("model.bin", "sha256:9372c470eeadd5ecd9c3c74c2b3cb633f8e2f2fad799250a0f70d652b6b825e4", 5)
    log = open_log(LocalStore(root))
    log.read()

    def add(number: int, log: ModelLog = log) -> None:
        tags = {"team": f"team-{number % 50}"}
        register(log, Registration(sha(-number), f"new {number}", (LocalFile(record, lambda: source),), tags=tags))

    def search(_: int) -> None:
        find_versions(LocalStore(root), Query(model=MODEL, tags={"team": "team-3"}, limit=50), environ, {})

    began = time.perf_counter()
    search(0)
    first = time.perf_counter() - began
    return {
        "register": median(add),
        "resolve": median(lambda _: resolve_quickly(open_log(LocalStore(root)), "champion")),
        "search": median(search),
        "first search, which builds the index": first,
    }


def main() -> None:
    """Run both and print the ratios."""
    interpreter, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        command = [interpreter, "-c", THEIRS, folder, str(count), str(ROUNDS)]
        theirs = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
        found = ours(Path(folder), count)
    print(f"{count:,} versions; median of {ROUNDS}")
    for what, seconds in found.items():
        other = theirs.get(what)
        ratio = f"{other * 1000:>9.2f} ms for MLflow: {other / seconds:.1f} times as fast" if other else ""
        print(f"{what:<10}{seconds * 1000:>9.2f} ms {ratio}")


if __name__ == "__main__":
    main()
