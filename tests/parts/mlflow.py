"""A real MLflow, in an environment of its own: its server, and its own client to work with it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.parts.environment import environment
from tests.support.lab import clean_environment

_REQUIREMENT = "mlflow>=3.5,<4"
_PATIENCE = 240.0
_PRELUDE = """\
import json, logging, os, sys, warnings
warnings.simplefilter("ignore")
import mlflow
uri, values, code = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
mlflow.set_tracking_uri(uri)
mlflow.set_registry_uri(uri)
names = {**values, "mlflow": mlflow, "client": mlflow.MlflowClient(), "result": None}
exec(code, names)
sys.stdout.write("\\n" + json.dumps(names["result"]))
"""


@dataclass(frozen=True)
class Mlflow:
    """MLflow at a URI: that of a server, or of a folder."""

    uri: str
    python: Path

    def do(self, code: str, **values: Any) -> Any:
        """Run code that has ``mlflow``, ``client`` and the values at hand, and return its ``result``."""
        done = subprocess.run(
            [self.python, "-c", _PRELUDE, self.uri, json.dumps(values), code],
            env=_environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


def _environment() -> dict[str, str]:
    clean = {name: value for name, value in clean_environment().items() if not name.startswith("MLFLOW_")}
    return clean | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_ALLOW_FILE_STORE": "true"}


def executables() -> Path:
    return environment("mlflow", _REQUIREMENT)


def in_folder(folder: Path) -> Mlflow:
    """MLflow's file store in a folder."""
    return Mlflow(folder.as_uri(), executables() / "python")


@contextmanager
def server(folder: Path) -> Iterator[Mlflow]:
    """A server with a database in a folder, and artifacts there that it hands through."""
    bin_folder = executables()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
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
        yield Mlflow(url, bin_folder / "python")
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
