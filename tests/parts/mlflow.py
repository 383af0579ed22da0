"""A real MLflow, in an environment of its own: its server, and its own client to work with it."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.parts.environment import environment
from tests.parts.ports import free_ports
from tests.support.lab import clean_environment

_REQUIREMENT = "mlflow>=3.5,<4"
_PATIENCE = 240.0
# Stays for the whole session, since importing MLflow takes seconds. One line of JSON in, one out.
_WORKER = """\
import json, sys, traceback, warnings
warnings.simplefilter("ignore")
replies, sys.stdout = sys.stdout, sys.stderr
import mlflow
for line in sys.stdin:
    uri, values, code = json.loads(line)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    names = {**values, "mlflow": mlflow, "client": mlflow.MlflowClient(), "result": None}
    try:
        exec(code, names)
        reply = [names["result"], None]
    except Exception:
        reply = [None, traceback.format_exc()]
    print(json.dumps(reply), file=replies, flush=True)
"""


@dataclass(frozen=True)
class Mlflow:
    """MLflow at a URI: that of a server, or of a folder."""

    uri: str

    def do(self, code: str, **values: Any) -> Any:
        """Run code that has ``mlflow``, ``client`` and the values at hand, and return its ``result``."""
        worker = _worker()
        assert worker.stdin
        assert worker.stdout
        worker.stdin.write(json.dumps([self.uri, values, code]) + "\n")
        worker.stdin.flush()
        line = worker.stdout.readline()
        assert line, "the client of MLflow ended"
        result, error = json.loads(line)
        assert error is None, error
        return result


@cache
def _worker() -> subprocess.Popen[str]:
    worker = subprocess.Popen(
        [executables() / "python", "-c", _WORKER],
        env=_environment(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def end() -> None:
        with worker:  # closes the pipes, at which it ends, and waits
            pass

    atexit.register(end)
    return worker


def _environment() -> dict[str, str]:
    clean = {name: value for name, value in clean_environment().items() if not name.startswith("MLFLOW_")}
    return clean | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_ALLOW_FILE_STORE": "true"}


def executables() -> Path:
    return environment("mlflow", _REQUIREMENT)


def in_folder(folder: Path) -> Mlflow:
    """MLflow's file store in a folder."""
    return Mlflow(folder.as_uri())


@contextmanager
def server(folder: Path) -> Iterator[Mlflow]:
    """A server with a database in a folder, and artifacts there that it hands through."""
    bin_folder = executables()
    (port,) = free_ports(1)
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [bin_folder / "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
             "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
             "--serve-artifacts", "--artifacts-destination", str(folder / "artifacts")],
            cwd=folder, env=_environment(), stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + _PATIENCE
        while not _healthy(url):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield Mlflow(url)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
