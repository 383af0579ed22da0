"""A server in a process of its own, on a free port."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.parts.ports import wait_for


class ServerProcess:
    """``python -m mlops_ci.serving``."""

    def __init__(self, package: Path, *arguments: str, log: Path, environ: Mapping[str, str] | None = None) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mlops_ci.serving", "--package", str(package), "--port", "0", *arguments],
                stderr=output, stdout=output, env={**os.environ, **(environ or {})},
            )  # fmt: skip
        self.port = self._port()
        wait_for(self.port, self.process, str(log))

    def _port(self) -> int:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            found = re.search(r" at http://127\.0\.0\.1:(\d+) ", self.log.read_text("utf-8"))
            if found:
                return int(found[1])
            assert self.process.poll() is None, self.log.read_text("utf-8")
            time.sleep(0.05)
        raise AssertionError(self.log.read_text("utf-8"))

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, data, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def json(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """The document of an answer."""
        return json.loads(self.ask(method, path, body, headers)[2])

    def raw(self, data: bytes, *, until: bytes = b"") -> bytes:
        """Send bytes and read until the server closes, or until some bytes have come."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
            connection.sendall(data)
            read = b""
            while piece := connection.recv(65536):
                read += piece
                if until and until in read:
                    break
            return read

    def metric(self, line: str) -> float:
        """A metric by name and labels."""
        text = self.ask("GET", "/metrics")[2].decode()
        found = [one for one in text.splitlines() if one.startswith(line + " ")]
        return float(found[0].rsplit(" ", 1)[1]) if found else 0.0

    def workers(self) -> list[int]:
        """The processes of the workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text("ascii")
        return [int(pid) for pid in children.split()]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)
