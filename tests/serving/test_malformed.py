"""Malformed requests by the thousand: nothing that a caller sends makes the server fail, die or grow."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mlops_ci.records.serving import Collection, ServeSettings
from tests.parts.need import soak
from tests.serving.malformed import TOGETHER, http, requests
from tests.serving.onnx_packages import write_coin, write_manifest
from tests.serving.running import PATIENCE, Running, running, start
from tests.serving.scripts import script_package

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
LIMIT = 64 << 10
ROUNDS = soak(300, 10_000)
GOOD = http("POST", "/score", b'{"data": [[1.5, 3, "edge"]]}')
GROWTH = 24 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("coin")
    write_coin(folder, ServeSettings(workers=2, timeout=5.0, max_request=LIMIT, collect=Collection()))
    environ = {
        "MLOPS_CI_SERVE_SPOOL": str(folder / "spool"),
        "MLOPS_CI_SERVE_COLLECT_TO": str(folder / "no-workspace"),
    }
    with running(folder, environ=environ) as found:
        found.await_workers(2)
        yield found


def test_malformed_requests_never_make_the_server_fail_die_or_grow(server: Running) -> None:
    status, body = server.ask("GET", "/openapi.json")
    assert status == 200
    workers, seen = server.workers(), Counter[tuple[str, int | None]]()
    for _ in range(100):
        assert server.send(GOOD) is not None
    before = server.memory()

    @settings(
        max_examples=ROUNDS // TOGETHER, deadline=None, database=None, derandomize=False, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(requests(json.loads(body), LIMIT))
    def storm(several: list[tuple[str, bytes]]) -> None:
        for kind, data in several:
            send(kind, data)

    def send(kind: str, data: bytes) -> None:
        answer = server.send(data, end=kind == "broken")
        seen[kind, answer[0] if answer else None] += 1
        if answer is None:
            assert kind == "broken", data[:500]
            return
        status, text = answer
        assert status < 500 or (status, kind) == (501, "broken"), (status, text[:500], data[:500])
        if status >= 400 and text:
            assert set(json.loads(text)["error"]) >= {"code", "message"}, text[:500]

    def has_met_what_is_right() -> bool:
        return seen["fitting", 200] > ROUNDS // 100 and seen["binary", 200] > 0

    for _ in range(10):  # what one storm draws may all be wrong
        storm()
        if has_met_what_is_right():
            break
    after = server.memory()
    print(f"{sum(seen.values())} requests, {before >> 20} MiB before, {after >> 20} MiB after")  # noqa: T201
    print(dict(sorted(seen.items(), key=str)))  # noqa: T201 - with -s, the numbers of a soak
    assert (server.send(GOOD) or (0, b""))[0] == 200
    assert server.workers() == workers
    assert after - before < GROWTH
    assert has_met_what_is_right(), seen
    assert not [line for line in server.log if "Traceback" in line], server.log[-20:]


@pytest.mark.parametrize(
    "head",
    [b"x: " + b"a" * 100_000, b"x: y\r\n" * 20_000],
    ids=["one long header", "many headers"],
)
def test_a_long_head_is_refused_however_it_comes(server: Running, head: bytes) -> None:
    answer = server.send(b"GET /health HTTP/1.1\r\nhost: a\r\n" + head + b"\r\n\r\n", end=True)
    assert answer is not None
    assert answer[0] == 431


@settings(max_examples=5, deadline=None, database=None)
@given(st.integers(1, len(GOOD) - 1))
def test_a_request_in_two_pieces_is_one(server: Running, at: int) -> None:
    with server.connect() as connection:
        connection.sendall(GOOD[:at])
        connection.sendall(GOOD[at:])
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


def test_callers_that_never_finish_are_let_go_and_keep_nobody_waiting(server: Running) -> None:
    beginnings = [GOOD[:30], GOOD[:-3], b"POST /score HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{"]
    slow = [server.connect() for _ in range(60)]
    try:
        for number, connection in enumerate(slow):
            connection.sendall(beginnings[number % len(beginnings)])
        for _ in range(20):
            answer = server.send(GOOD)
            assert answer is not None
            assert answer[0] == 200
        for connection in slow:
            data = b""
            while more := connection.recv(65536):  # until the server closes it
                data += more
            assert not data or data.startswith(b"HTTP/1.1 408")
    finally:
        for connection in slow:
            connection.close()


def test_a_script_that_cannot_start_ends_the_server_with_one_line(tmp_path: Path) -> None:
    model = script_package(tmp_path, "def init():\n    raise RuntimeError('no weights')\ndef run(data): return 1\n")
    write_manifest(tmp_path, (model,), ServeSettings(workers=2))
    process = start(tmp_path)
    _, log = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    lines = [line for line in log.splitlines() if "error[2]" in line]
    assert "RuntimeError: no weights; models/coin/code/score.py:2" in lines[0]
    assert len(lines) <= 2  # a worker each
    assert "Traceback" not in log
