"""Big files to and from object storage: whole, in bounded memory, and without remains when they are interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest

from mlops_ci.edge.files import digest_of_file
from mlops_ci.errors import RemoteError
from mlops_ci.workspace.objects.address import parse_address
from mlops_ci.workspace.objects.store import ObjectStore
from mlops_ci.workspace.objects.transfer import part_size, parts_at_once
from mlops_ci.workspace.open import open_store
from mlops_ci.workspace.store import Written
from tests.parts.bucket import Bucket
from tests.parts.faulty_proxy import faulty_proxy
from tests.parts.gcs import Google
from tests.parts.loopback import Request
from tests.parts.need import soak
from tests.parts.seaweed import uploads_under_way

ROOT = Path(__file__).parents[2]
MEGABYTE = 1 << 20
SERVICES = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("azure", "gcs", "s3")]

MOVE = """
import json, resource, sys
from pathlib import Path
from mlops_ci.workspace.open import open_store
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
url, source, target = sys.argv[1:]
store = open_store(url, Path.cwd())
store.create("before", b"x")
store.get("before")
peaks = [peak()]
sent = store.upload("big", Path(source))
peaks.append(peak())
got = store.download("big", Path(target))
peaks.append(peak())
print(json.dumps({"peaks": peaks, "sent": [sent.digest, sent.size], "got": [got.digest, got.size]}))
"""

UPLOAD = """
import sys
from pathlib import Path
import mlops_ci.__main__ as program, signal
from mlops_ci.errors import Interruption
from mlops_ci.workspace.objects.store import open_objects
signal.signal(signal.SIGTERM, program._interrupt)
def watch(key, moved, total):
    print(moved, flush=True)
try:
    open_objects(sys.argv[1], watch).upload("big", Path(sys.argv[2]))
except Interruption as interruption:
    sys.exit(128 + interruption.number)
"""


IN_THREADS = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import mlops_ci.__main__ as program, signal
from mlops_ci.errors import Interruption
from mlops_ci.workspace.objects.store import open_objects
signal.signal(signal.SIGTERM, program._interrupt)
def watch(key, moved, total):
    print(moved, flush=True)
    time.sleep(0.2)  # a slow line
store, file = open_objects(sys.argv[1], watch), Path(sys.argv[2])
try:
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(store.upload if sys.argv[3] == "up" else store.download, "big", file)
        future.result()
except Interruption as interruption:
    print(type(future.exception()).__name__)
    sys.exit(128 + interruption.number)
"""


@pytest.fixture(params=SERVICES)
def bucket(request: pytest.FixtureRequest) -> Bucket:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Bucket)
    return found


def big_file(path: Path, megabytes: int) -> Path:
    block = os.urandom(MEGABYTE)
    with path.open("wb") as file:
        for number in range(megabytes):
            file.write(number.to_bytes(4, "big") + block[4:])
    return path


@pytest.mark.xdist_group("s3")
def test_a_big_file_travels_in_bounded_memory(s3: Bucket, tmp_path: Path) -> None:
    size = soak(200, 2000)
    source, target = big_file(tmp_path / "source", size), tmp_path / "target"
    done = subprocess.run(
        [sys.executable, "-c", MOVE, s3.url(uuid.uuid4().hex), source, target],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    expected = [digest_of_file(source), size * MEGABYTE]
    assert told["sent"] == told["got"] == expected
    assert digest_of_file(target) == expected[0]
    before, after_upload, after_download = told["peaks"]
    assert after_upload - before < 150 * MEGABYTE
    assert after_download - before < 150 * MEGABYTE


@pytest.mark.parametrize("size", [0, 1, 8 * MEGABYTE, 8 * MEGABYTE + 1, 16 * MEGABYTE, 33 * MEGABYTE + 3])
def test_files_around_the_size_of_a_part_arrive_whole_and_are_watched(
    bucket: Bucket, size: int, tmp_path: Path
) -> None:
    source, moves = tmp_path / "source", list[tuple[str, int, int]]()
    source.write_bytes(os.urandom(size))
    address = parse_address(bucket.url(uuid.uuid4().hex))
    store = ObjectStore(address, lambda key, moved, total: moves.append((key, moved, total)))
    written = Written(digest_of_file(source), size)
    assert store.upload("a", source) == written
    sent, moves[:] = list(moves), []
    assert store.download("a", tmp_path / "target") == written
    assert (tmp_path / "target").read_bytes() == source.read_bytes()
    for watched in (sent, moves) if size else ():
        assert watched[-1] == ("a", size, size)
        assert [moved for _, moved, _ in watched] == sorted({moved for _, moved, _ in watched})
        assert len(watched) >= size // (16 * MEGABYTE)


def test_a_big_upload_leaves_what_exists_as_it_is(bucket: Bucket, tmp_path: Path) -> None:
    source = big_file(tmp_path / "source", 9)
    store = open_store(bucket.url(uuid.uuid4().hex), tmp_path)
    store.create("a", b"first")
    assert store.upload("a", source) == Written(digest_of_file(source), 9 * MEGABYTE)
    assert store.get("a") == b"first"


@pytest.mark.xdist_group("s3")
def test_an_interrupted_upload_ends_soon_and_leaves_nothing(s3: Bucket, tmp_path: Path) -> None:
    source, url = big_file(tmp_path / "source", 300), s3.url(uuid.uuid4().hex)
    process = subprocess.Popen([sys.executable, "-c", UPLOAD, url, source], stdout=subprocess.PIPE, cwd=ROOT)
    with process:
        assert process.stdout is not None
        process.stdout.readline()  # the first part is on its way
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
    store = open_store(url, tmp_path)
    assert store.get("big") is None
    assert list(store.list("")) == []
    assert uploads_under_way(s3) == []


@pytest.mark.xdist_group("s3")
@pytest.mark.parametrize("way", ["up", "down"])
def test_transfers_in_threads_are_stopped_by_a_signal_to_the_main_one(s3: Bucket, way: str, tmp_path: Path) -> None:
    source, url = big_file(tmp_path / "source", 150), s3.url(uuid.uuid4().hex)
    if way == "down":
        open_store(url, tmp_path).upload("big", source)
        source.unlink()
    process = subprocess.Popen([sys.executable, "-c", IN_THREADS, url, source, way], stdout=subprocess.PIPE, cwd=ROOT)
    with process:
        assert process.stdout is not None
        moved = int(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        lines = process.stdout.read().split()
        assert process.wait(60) == 128 + signal.SIGTERM
    assert moved < 150 * MEGABYTE
    assert lines[-1] == b"InterruptedError"
    assert (open_store(url, tmp_path).get("big") is None) == (way == "up")
    assert source.exists() == (way == "up")
    assert uploads_under_way(s3) == []


def test_an_upload_that_fails_midway_is_aborted_and_leaves_nothing(google_server: Google, tmp_path: Path) -> None:
    source = big_file(tmp_path / "source", 40)
    url = google_server.bucket.url("team")

    def watch(key: str, moved: int, total: int) -> None:
        if moved > 16 * MEGABYTE:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ObjectStore(parse_address(url), watch).upload("a", source)
    assert open_store(url, tmp_path).get("a") is None
    assert google_server.uploads.parts == {}


def test_an_object_that_is_replaced_while_it_is_read_gives_no_mixture(google_server: Google, tmp_path: Path) -> None:
    store = open_store(google_server.bucket.url("team"), tmp_path)
    store.upload("a", big_file(tmp_path / "one", 30))
    replaced = False

    def replace(request: Request) -> None:
        nonlocal replaced
        if request.method == "GET" and "range" in request.headers and not replaced:
            replaced = True
            store.put("a", bytes(30 * MEGABYTE))

    with faulty_proxy(google_server.endpoint, replace) as endpoint:
        reader = open_store(google_server.bucket.url("team", endpoint=endpoint), tmp_path)
        with pytest.raises(RemoteError):
            reader.download("a", tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_a_failed_download_removes_only_its_own_file(google_server: Google, tmp_path: Path) -> None:
    store = open_store(google_server.bucket.url("team"), tmp_path)
    store.create("a", b"x")
    with pytest.raises(RemoteError, match="cannot be written"):
        store.download("a", tmp_path / "no" / "folder")
    (tmp_path / "mine").write_bytes(b"mine")
    with pytest.raises(RemoteError, match="cannot be written"):
        store.download("a", tmp_path / "mine")
    assert (tmp_path / "mine").read_bytes() == b"mine"


@pytest.mark.parametrize("method", ["get", "download"])
def test_a_signal_does_not_wait_for_a_storage_that_hangs(google_server: Google, tmp_path: Path, method: str) -> None:
    class Woken(BaseException):
        pass

    def wake(number: int, frame: object) -> None:
        raise Woken

    asked, over = 0, threading.Event()

    def hang(request: Request) -> None:
        nonlocal asked
        asked += 1
        if asked == (2 if method == "download" else 1):  # the first tells the size, then come the ranges
            os.kill(os.getpid(), signal.SIGUSR1)
        if method == "get" or asked > 1:
            over.wait(60)

    url = google_server.bucket.url("team")
    open_store(url, tmp_path).upload("a", big_file(tmp_path / "source", 40))
    before = signal.signal(signal.SIGUSR1, wake)
    try:
        with faulty_proxy(google_server.endpoint, hang) as endpoint:
            store = open_store(google_server.bucket.url("team", endpoint=endpoint), tmp_path)
            with pytest.raises(Woken):
                _ = store.get("a") if method == "get" else store.download("a", tmp_path / "target")
            assert not over.is_set(), "the storage still hangs"
            over.set()
    finally:
        over.set()
        signal.signal(signal.SIGUSR1, before)
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("size", [0, 1, 10**9, 10**12, 5 << 40])
def test_a_file_of_any_size_has_few_enough_parts_and_few_enough_at_once(size: int) -> None:
    part = part_size(size)
    assert -(-size // part) <= 9_000
    assert part >= 5 * MEGABYTE
    assert parts_at_once(part) * part <= max(48 * MEGABYTE, 2 * part)
