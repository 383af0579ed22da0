"""One big file through the workspace's storage, against the plain tools: obstore on the same server, and ``cp``."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from statistics import median

import obstore

sys.path.insert(0, str(Path(__file__).parents[1]))

from mlops_ci.edge.files import fsync_folder
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.objects.address import parse_address
from mlops_ci.workspace.objects.connect import connect
from mlops_ci.workspace.objects.patience import Patience
from mlops_ci.workspace.objects.store import ObjectStore
from tests.parts.seaweed import seaweed

MEGABYTE = 1 << 20


def _make(path: Path, megabytes: int) -> Path:
    block = os.urandom(MEGABYTE)
    with path.open("wb") as file:
        for number in range(megabytes):
            file.write(number.to_bytes(8, "big") + block[8:])
    return path


def _durably(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    fsync_folder(path.parent)


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "--reflink=never", source, target], check=True)
    _durably(target)


def _plain_download(client: obstore.store.ObjectStore, name: str, target: Path) -> None:
    with target.open("xb") as file:
        for chunk in obstore.get(client, name).stream():
            file.write(chunk)


def _compare(what: str, size: int, rounds: int, ours: Callable[[int], object], plain: Callable[[int], object]) -> None:
    """Measure both in turn, so that what the machine does beside falls on both."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for kept, run in zip(seconds, (ours, plain), strict=True):
            os.sync()
            began = time.perf_counter()
            run(number)
            kept.append(time.perf_counter() - began)
    mine, other = (median(each) for each in seconds)
    print(f"{what}: {size / mine:.0f} MB/s, plain {size / other:.0f} MB/s, ratio {other / mine:.2f}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("s3", "local"))
    options = parser.parse_args()
    size, rounds = options.megabytes, options.rounds
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", ".")) as name:
        folder = Path(name).resolve()
        source = _make(folder / "source", size)
        if options.only != "s3":
            _local(folder, source, size, rounds)
        if options.only != "local":
            _objects(folder, source, size, rounds)


def _local(folder: Path, source: Path, size: int, rounds: int) -> None:
    store = LocalStore(folder / "workspace")
    out = folder / "out"
    out.mkdir()

    def upload(number: int) -> None:
        store.upload(f"u/{number}", source)

    def copy(number: int) -> None:
        _copy(source, out / f"c{number}")

    def download(number: int) -> None:
        target = out / f"d{number}"
        store.download("u/0", target)
        _durably(target)

    _compare("local upload", size, rounds, upload, copy)
    for file in out.iterdir():
        file.unlink()
    _compare("local download (and fsync)", size, rounds, download, copy)


def _objects(folder: Path, source: Path, size: int, rounds: int) -> None:
    with seaweed(folder / "seaweed") as bucket:
        os.environ.update(bucket.environ)
        address = parse_address(bucket.url(uuid.uuid4().hex))
        store = ObjectStore(address)
        client = connect(address, Patience())[1]
        targets = folder / "targets"
        targets.mkdir()

        def plain_upload(number: int) -> None:
            obstore.put(client, f"plain/{number}", source)
            obstore.delete(client, f"plain/{number}")

        def upload(number: int) -> None:
            store.upload(f"u/{number}", source)
            store.delete(f"u/{number}")

        def download(_: int) -> None:
            target = targets / "ours"
            store.download("kept", target)
            target.unlink()

        def plain_download(_: int) -> None:
            target = targets / "plain"
            _plain_download(client, f"{address.prefix}/kept", target)
            target.unlink()

        _compare("s3 upload", size, rounds, upload, plain_upload)
        store.upload("kept", source)
        _compare("s3 download", size, rounds, download, plain_download)


if __name__ == "__main__":
    main()
