"""A real server, with its supervisor and workers, and requests to it as bytes."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 60.0


@dataclass
class Running:
    """A server that answers."""

    port: int
    process: subprocess.Popen[str]
    log: list[str] = field(default_factory=list)

    def workers(self) -> list[int]:
        """The processes of the workers."""
        pid = self.process.pid
        return sorted(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))

    def await_workers(self, count: int) -> None:
        """Wait until so many are ready: the first begins by itself."""
        end = time.monotonic() + PATIENCE
        while f"\nmlops_ci_workers {count}\n".encode() not in self.ask("GET", "/metrics")[1]:
            assert time.monotonic() < end, f"never {count} workers"
            time.sleep(0.05)

    def memory(self) -> int:
        """The resident memory of the workers, in bytes."""
        pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.workers())
        return sum(pages) * os.sysconf("SC_PAGE_SIZE")

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def send(self, data: bytes, *, end: bool = False) -> tuple[int, bytes] | None:
        """Send bytes on a connection of their own; the status and body of the answer, None where there is none.

        With ``end``, nothing more will come, and the server can see that.
        """
        with self.connect() as connection:
            try:
                connection.sendall(data)
                if end:
                    connection.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has answered before it had read all
            return _answer(connection)

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """A request that is right by HTTP."""
        given = {"host": "here", "connection": "close", "content-length": str(len(body)), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        found = self.send(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
        assert found is not None
        return found


def _answer(connection: socket.socket) -> tuple[int, bytes] | None:
    data = b""
    try:
        while True:
            head, found, body = data.partition(b"\r\n\r\n")
            if found and (length := re.search(rb"(?i)content-length: *([0-9]+)", head)):
                status = int(head.split(b" ", 2)[1])
                if len(body) >= int(length[1]):
                    return status, body[: int(length[1])]
            more = connection.recv(65536)
            if not more:
                break
            data += more
    except ConnectionResetError:
        pass
    match = re.match(rb"HTTP/1\.[01] ([0-9]{3})", data)
    return (int(match[1]), data.partition(b"\r\n\r\n")[2]) if match else None


@contextmanager
def running(package: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Start a server for a package, wait until it is ready, and stop it afterwards."""
    process = start(package, *arguments, environ=environ)
    assert process.stderr is not None
    log: list[str] = []
    try:
        for line in process.stderr:
            log.append(line)
            if found := re.search(r" at http://127\.0\.0\.1:([0-9]+) ", line):
                break
        else:
            raise AssertionError("".join(log))
        reading = threading.Thread(target=lambda: log.extend(process.stderr or ()))
        reading.start()
        try:
            yield Running(int(found[1]), process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            reading.join(PATIENCE)
    finally:
        process.kill()
        process.wait(PATIENCE)
        process.stderr.close()


def start(package: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a server; whether it becomes one is to be seen."""
    command = [sys.executable, "-m", "mlops_ci.serving", "--package", str(package), "--port", "0", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environ or {})})
