"""The same random forest behind several servers: requests a second, and latency at equal load.

    python benchmarks/serving.py [--peers FOLDER] [--seconds 5] [--workers 2] [--only NAME ...] [--install]

Needs wrk, and what `pip install -e '.[all]' --group dev` installs. 100 trees, 30 features (breast cancer, of
scikit-learn), 1 row and 100 rows a request, 16 connections, a worker for each processor unless told otherwise. Ours
validates, counts and collects every request. Peers are installed from the package index once, each into an environment
of its own.

wrk asks as fast as it is answered. For latencies at equal load, which it cannot make, requests then start at fixed
times, at 80 % of what the slowest peer has managed; a request that starts late because all connections are taken has
begun when it should have.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import joblib
import numpy as np
from serving_peers import OURS, PEERS, Peer, install, start
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

sys.path.remove(str(Path(__file__).parent))  # there is an onnx.py, which is not the package
from skl2onnx import to_onnx

ROOT = Path(__file__).parents[1]
CONNECTIONS, PORT, PATIENCE, SHARE = 16, 18080, 45.0, 0.8
SIZES = (1, 100)
Rows = list[list[float]]


def train(folder: Path) -> tuple[Rows, list[float]]:
    """Make the model in all its forms; returns rows of it, and the probability of the second class of each."""
    features, target = load_breast_cancer(return_X_y=True)
    features = features.astype(np.float32)
    forest = RandomForestClassifier(100, random_state=0).fit(features, target)
    joblib.dump(forest, folder / "model.joblib")
    onnx = to_onnx(forest, features[:1], options={id(forest): {"zipmap": False}})
    (folder / "model.onnx").write_bytes(onnx.SerializeToString())
    names = [f"x{number}" for number in range(30)]
    model = {
        "name": "forest",
        "kind": "onnx",
        "version": 1,
        "file": "model.onnx",
        "inputs": [{"name": name, "type": "Float64"} for name in names],
        "tensors": [{"name": "X", "type": "float32", "shape": [None, 30], "columns": names}],
        "outputs": [
            {"name": "label", "role": "label", "type": "int64", "shape": [None], "classes": [0, 1]},
            {"name": "probabilities", "role": "score", "type": "float32", "shape": [None, 2], "classes": [0, 1]},
        ],
        "classes": [0, 1],
    }
    manifest = {"format": 1, "default": "forest", "models": [model], "settings": {"collect": {}}}
    (folder / "serving.json").write_text(json.dumps(manifest), "utf-8")
    rows = [[float(f"{value:.6g}") for value in row] for row in features[:100].tolist()]
    return rows, forest.predict_proba(np.array(rows, np.float32))[:, 1].tolist()


@contextmanager
def serving(
    peer: Peer, peers: Path, folder: Path, model: Path, workers: int, port: int
) -> Iterator[subprocess.Popen[bytes]]:
    """A peer; it is gone afterwards, and so are its workers."""
    process = start(peer, environment(peer, peers), folder, model, port, workers)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def environment(peer: Peer, peers: Path) -> Path:
    """Where the environment of a peer is."""
    return peers / re.sub(r"\W+", "-", peer.name.lower())


def wait_until_right(
    peer: Peer, process: subprocess.Popen[bytes], port: int, rows: Rows, expected: Sequence[float]
) -> None:
    """Ask until it answers what the forest says.

    Raises:
        RuntimeError: it never does.
    """
    end, last = time.monotonic() + PATIENCE, "no answer"
    data = json.dumps(peer.body(rows)).encode()
    while time.monotonic() < end and process.poll() is None:
        request = urllib.request.Request(url(peer, port), data, {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                said = numbers(json.load(answer))
            if all(min(abs(number - value) for number in said) < 1e-4 for value in expected):
                return
            raise RuntimeError("it answers something else than the forest")
        except urllib.error.HTTPError as error:
            last = f"{error.code} {error.read(200)!r}"
        except OSError as error:
            last = str(error)
        time.sleep(0.25)
    raise RuntimeError(f"it does not answer: {last}")


def numbers(document: object) -> list[float]:
    """All fractions in a document."""
    if isinstance(document, dict):
        return [number for value in document.values() for number in numbers(value)]
    if isinstance(document, list):
        return [number for value in document for number in numbers(value)]
    return [float(document)] if isinstance(document, float) else []


def url(peer: Peer, port: int) -> str:
    """Where it is asked."""
    return f"http://127.0.0.1:{port}{peer.path}"


def flat_out(peer: Peer, port: int, rows: Rows, seconds: float, folder: Path) -> tuple[float, float, float]:
    """Requests a second, and p50 and p99 in milliseconds, as wrk has them."""
    script = folder / "wrk.lua"
    body = json.dumps(peer.body(rows))
    script.write_text(
        f'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\nwrk.body = [==[{body}]==]\n', "utf-8"
    )
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", "--timeout", "30s", "--latency", "-s", str(script)]
    subprocess.run([*command, "-d1", url(peer, port)], capture_output=True, check=True)  # warm
    done = subprocess.run([*command, f"-d{seconds:g}", url(peer, port)], capture_output=True, text=True, check=True)
    if bad := re.search(r"Non-2xx.*|Socket errors.*", done.stdout):
        raise RuntimeError(f"not every request was answered: {bad[0]}")

    def at(share: str) -> float:
        found = re.search(rf"{share} +([0-9.]+)(us|ms|s)", done.stdout)
        return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]] if found else float("nan")

    rate = re.search(r"Requests/sec: *([0-9.]+)", done.stdout)
    return float(rate[1]) if rate else 0.0, at("50%"), at("99%")


async def paced(peer: Peer, port: int, rows: Rows, rate: float, seconds: float) -> list[float]:
    """Latencies in milliseconds of requests that start at fixed times."""
    body = json.dumps(peer.body(rows)).encode()
    head = f"POST {peer.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    request, taken = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body, list[float]()
    count, began = max(int(rate * seconds), 20), time.perf_counter()
    due = iter([began + number / rate for number in range(count)])

    async def ask() -> None:
        opened: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        for moment in due:
            await asyncio.sleep(max(moment - time.perf_counter(), 0))
            if opened is None or opened[0].at_eof():
                opened = await asyncio.open_connection("127.0.0.1", port)
            reader, writer = opened
            writer.write(request)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            if b" 200 " not in answer.partition(b"\r\n")[0]:
                raise RuntimeError("a request was not answered")
            length = re.search(rb"content-length: *([0-9]+)", answer)
            await (reader.readexactly(int(length[1])) if length else reader.readuntil(b"0\r\n\r\n"))
            taken.append((time.perf_counter() - moment) * 1000)
            if b"\nconnection: close" in answer:
                writer.close()
                opened = None

    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    return taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", type=Path, default=ROOT / ".cache" / "serving-peers", help="their environments")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="of each server")
    parser.add_argument("--only", nargs="*", help="names of peers, or the beginnings of them")
    parser.add_argument("--install", action="store_true", help="make the environments, and measure nothing")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # which stops the servers
    if not shutil.which("wrk"):
        sys.exit("wrk is not there: apt-get install wrk")
    chosen = [peer for peer in PEERS if not options.only or peer.name.startswith(tuple(options.only))]
    there = []
    for peer in chosen:
        if why := install(peer, environment(peer, options.peers.absolute())):
            print(f"{peer.name} cannot be installed: {why}")
        else:
            there.append(peer)
    if not options.install:
        with tempfile.TemporaryDirectory() as folder:
            measure([OURS, *there], options.peers.absolute(), Path(folder), options.seconds, options.workers)


def measure(peers: list[Peer], installed: Path, folder: Path, seconds: float, workers: int) -> None:
    """Ask all of them twice: as fast as they can, and at the same pace."""
    model = folder / "model"
    model.mkdir()
    rows, expected = train(model)
    speed: dict[tuple[str, int], tuple[float, float, float]] = {}
    steady: dict[tuple[str, int], float] = {}
    port = PORT
    for turn in ("flat out", "paced"):
        for peer in list(peers):
            port = free(port)
            place = folder / re.sub(r"\W+", "-", peer.name)
            try:
                with serving(peer, installed, place, model, workers, port) as process:
                    wait_until_right(peer, process, port, rows[:3], expected[:3])
                    for size in SIZES:
                        if turn == "flat out":
                            speed[peer.name, size] = flat_out(peer, port, rows[:size], seconds, place)
                        else:
                            rate = SHARE * min(speed[each.name, size][0] for each in peers)
                            found = asyncio.run(paced(peer, port, rows[:size], rate, seconds))
                            steady[peer.name, size] = statistics.quantiles(found, n=100)[98]
            except (RuntimeError, OSError, EOFError, subprocess.CalledProcessError) as error:
                log = (place / "log").read_text("utf-8", "replace").strip().splitlines()[-3:]
                print(f"{peer.name} is left out: {error}", *log, sep="\n    ")
                peers.remove(peer)
            port += 3
    show(peers, speed, steady, workers)


def free(port: int) -> int:
    """The first of three ports that nobody has."""
    while True:
        with suppress(OSError):
            for number in range(port, port + 3):
                with socket.create_server(("127.0.0.1", number)):
                    pass
            return port
        port += 3


def show(
    peers: list[Peer],
    speed: dict[tuple[str, int], tuple[float, float, float]],
    steady: dict[tuple[str, int], float],
    workers: int,
) -> None:
    """Print the tables."""
    each = f"{workers} worker{'s' * (workers > 1)} each"
    print(f"{each}, {CONNECTIONS} connections; ratio: requests/s of mlops-ci to those of the peer")
    for size in SIZES:
        pace = SHARE * min(speed[peer.name, size][0] for peer in peers)
        last = f"p99 at {pace:.0f}/s"
        print(f"\n{size} row{'s' * (size > 1)} a request".ljust(35), end="")
        print(f"{'model':<14}{'requests/s':>11}{'p50 ms':>9}{'p99 ms':>9}{last:>16}{'ratio':>8}")
        for peer in peers:
            rate, half, most = speed[peer.name, size]
            ratio = speed[OURS.name, size][0] / rate
            late = f"{steady[peer.name, size]:.2f} ms" if (peer.name, size) in steady else ""
            print(f"{peer.name:<34}{peer.model:<14}{rate:>11,.0f}{half:>9.2f}{most:>9.2f}{late:>16}{ratio:>8.2f}")


if __name__ == "__main__":
    main()
