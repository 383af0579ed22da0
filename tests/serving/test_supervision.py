"""A server under signals: nothing that was accepted is lost, and the dead are replaced."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving.server_process import ServerProcess
from tests.serving.small_models import sum_model, write_package

BODY = b'{"data": [[1, 2, 3]]}'


class Caller(threading.Thread):
    """Asks on one connection, 20 times a second, until it is refused; what was sent has to be answered."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.answered = 0
        self.lost: list[str] = []
        self.stop = threading.Event()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.stop.wait(0.05):
            try:
                connection.connect() if connection.sock is None else None
            except OSError:
                return  # nobody listens any more
            try:
                connection.request("POST", "/score", BODY)
                answer = connection.getresponse()
                assert answer.status == 200
                assert b"6.0" in answer.read()
                self.answered += 1
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
                connection.close()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    folder.mkdir()
    write_package(folder, sum_model(folder), workers=2)
    return folder


@pytest.fixture
def running(package: Path, tmp_path: Path) -> Iterator[ServerProcess]:
    made = ServerProcess(package, log=tmp_path / "log")
    yield made
    made.stop()


def wait_until(condition: object, what: str) -> None:
    end = time.monotonic() + 30
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, what
        time.sleep(0.02)


def test_a_terminated_server_answers_all_that_it_has_accepted(running: ServerProcess) -> None:
    callers = [Caller(running.port) for _ in range(10)]
    for caller in callers:
        caller.start()
    wait_until(lambda: sum(caller.answered for caller in callers) > 50, "no answers")
    assert running.stop() == 0
    for caller in callers:
        caller.stop.set()
        caller.join(30)
    assert [lost for caller in callers for lost in caller.lost] == []


def test_a_killed_worker_is_replaced_while_the_others_go_on(running: ServerProcess) -> None:
    wait_until(lambda: running.metric("mlops_ci_workers") == 2, "both workers")
    first, second = running.workers()
    before = running.metric('mlops_ci_requests_total{model="sum",route="score",code="200"}')
    running.ask("POST", "/score", BODY)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: first not in running.workers() and len(running.workers()) == 2, "a new worker")
    assert second in running.workers()
    for _ in range(20):
        assert running.ask("POST", "/score", BODY)[0] == 200
    assert running.metric('mlops_ci_requests_total{model="sum",route="score",code="200"}') == before + 21
    assert "died (signal 9)" in running.log.read_text("utf-8")
    assert running.stop(signal.SIGINT) == 0


def test_workers_do_not_outlive_a_killed_supervisor(running: ServerProcess) -> None:
    workers = running.workers()
    running.process.kill()
    running.process.wait(30)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "a worker lives on")


def started(package: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mlops_ci.serving", "--package", str(package), *arguments]
    return subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_port_that_is_taken_is_one_line(package: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = started(package, "--port", str(port))
    assert done.returncode == 3
    assert done.stderr.startswith(f"mlops-ci: error[3]: cannot listen: address already in use; 127.0.0.1:{port}; ")
    assert done.stderr.count("\n") == 1


def test_a_server_hands_its_port_to_the_next_one(package: Path, tmp_path: Path) -> None:
    offer = ("--handover", str(tmp_path / "offer"))
    blue = ServerProcess(package, *offer, log=tmp_path / "blue")
    green = ServerProcess(package, *offer, "--port", str(blue.port), log=tmp_path / "green")
    assert green.port == blue.port
    assert blue.stop() == 0
    assert green.ask("POST", "/score", BODY)[0] == 200
    assert green.stop() == 0
    other = ServerProcess(package, *offer, log=tmp_path / "other")
    assert other.stop() == 0, "nobody offers it any more"


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        ({"providers": ("cuda",)}, 2, "execution provider 'cuda' is not in this build"),
        ({"keys": ("NO_SUCH_KEY",)}, 2, "the variable NO_SUCH_KEY with a key of the server is not set"),
    ],
)
def test_what_keeps_a_server_from_starting_is_one_line(
    package: Path, settings: dict[str, Any], code: int, message: str
) -> None:
    write_package(package, sum_model(package), workers=1, **settings)
    done = started(package, "--port", "0")
    assert (done.returncode, done.stderr.count("\n")) == (code, 1)
    assert message in done.stderr


def test_a_worker_that_dies_before_it_is_ready_is_not_begun_for_ever(package: Path) -> None:
    site = package / "site"
    site.mkdir()
    (site / "uvloop.py").write_text("raise SystemExit(1)", "utf-8")
    done = started(package, "--port", "0", "--workers", "1", PYTHONPATH=str(site))
    assert done.returncode == 3
    assert done.stderr.count("died (exit code 1)") == 2


def test_a_key_is_needed_where_the_package_says_so(package: Path, tmp_path: Path) -> None:
    write_package(package, sum_model(package), workers=1, keys=("OLD_KEY", "NEW_KEY"))
    server = ServerProcess(package, log=tmp_path / "log", environ={"OLD_KEY": "s3cret", "NEW_KEY": "n3wer"})
    try:
        for headers in ({"Authorization": "Bearer s3cret"}, {"x-api-key": "n3wer"}, {"authorization": "bearer n3wer"}):
            assert server.ask("POST", "/score", BODY, headers)[0] == 200
        for headers in ({}, {"x-api-key": "s3cre"}, {"Authorization": "Basic s3cret"}, {"Authorization": "s3cret"}):
            status, answered, content = server.ask("POST", "/score", BODY, headers)
            assert (status, answered["www-authenticate"]) == (401, "Bearer")
            assert b"s3cre" not in content
        assert server.ask("GET", "/health/ready")[0] == 200
        assert server.ask("GET", "/metrics")[0] == 401
        assert server.ask("GET", "/v2")[0] == 401
    finally:
        assert server.stop() == 0
    assert "s3cret" not in server.log.read_text("utf-8")
