"""The registry against MLflow's on SQLite, side by side in one run: register, resolve an alias, search by tag.

First 1,000 registrations one after the other in a new place, three times each, by turns; then the questions among many.

    python benchmarks/against_mlflow.py PYTHON [versions]      (PYTHON: an interpreter that has mlflow; default 10,000)

Both keep their state on the same disk, without a server in between. Ours makes every version durable with fsync before
it acknowledges it, or them all; MLflow's SQLite store does whatever it does by default, and has no call that registers
several at once.
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
from typing import Any

from scale import MODEL, build, open_log, sha

from mlops_ci.edge.files import digest_of_file
from mlops_ci.lifecycle.finding import find_versions
from mlops_ci.records.files import FileRecord
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.quick import resolve_quickly
from mlops_ci.registry.register import Registration, register
from mlops_ci.registry.search import Query
from mlops_ci.registry.uploads import LocalFile
from mlops_ci.workspace.local import LocalStore

ROUNDS = 50
NEW, TURNS = 1_000, 3
THEIRS = """
import json, statistics, sys, time
from mlflow import MlflowClient
folder, count, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db", registry_uri=f"sqlite:///{folder}/mlflow.db")
client.create_registered_model("flight-delay")
def register(number):
    tags = {"team": f"team-{number % 50}", "stage": "nightly" if number % 7 else "release"}
    return client.create_model_version("flight-delay", source=f"file://{folder}/model", tags=tags)
began = time.perf_counter()
for number in range(1, count + 1):
    register(number)
took = time.perf_counter() - began
if not rounds:
    print(json.dumps(took))
    sys.exit()
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


def theirs(interpreter: str, folder: Path, count: int, rounds: int) -> Any:
    """MLflow's figures; without rounds, the seconds that ``count`` registrations take."""
    folder.mkdir()
    command = [interpreter, "-c", THEIRS, str(folder), str(count), str(rounds)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])


def registrations(folder: Path, count: int, *, together: bool) -> float:
    """The seconds that as many registrations of ours take, durable one by one, or ``together``: all, or none."""
    folder.mkdir()
    source = folder / "model.bin"
    source.write_bytes(b"model")
    record = FileRecord("model.bin", digest_of_file(source), 5)
    log = open_log(LocalStore(folder / "workspace"))

    def work() -> None:
        for number in range(count):
            tags = {"team": f"team-{number % 50}", "stage": "nightly" if number % 7 else "release"}
            register(log, Registration(sha(number), f"{number}", (LocalFile(record, lambda: source),), tags=tags))

    began = time.perf_counter()
    log.together(work) if together else work()
    return time.perf_counter() - began


def race(interpreter: str, folder: Path) -> None:
    """Register by turns, and print how many a second."""
    taken: dict[str, list[float]] = {"MLflow": [], "ours": [], "ours, together": []}
    for turn in range(TURNS):
        taken["MLflow"].append(theirs(interpreter, folder / f"theirs-{turn}", NEW, 0))
        taken["ours"].append(registrations(folder / f"ours-{turn}", NEW, together=False))
        taken["ours, together"].append(registrations(folder / f"together-{turn}", NEW, together=True))
    peer = statistics.median(taken["MLflow"])
    print(f"{NEW:,} registrations; median of {TURNS}")
    for name, seconds in taken.items():
        middle = statistics.median(seconds)
        print(f"{name:<16}{NEW / middle:>6.0f} a second, {peer / middle:.2f} times MLflow's")


def main() -> None:
    """Run both and print the ratios."""
    interpreter, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        race(interpreter, Path(folder))
        peer = theirs(interpreter, Path(folder) / "theirs", count, ROUNDS)
        found = ours(Path(folder), count)
    print(f"{count:,} versions; median of {ROUNDS}")
    for what, seconds in found.items():
        other = peer.get(what)
        ratio = f"{other * 1000:>9.2f} ms for MLflow: {other / seconds:.1f} times as fast" if other else ""
        print(f"{what:<10}{seconds * 1000:>9.2f} ms {ratio}")


if __name__ == "__main__":
    main()
