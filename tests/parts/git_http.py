"""A real git host on a loopback port: git's own ``git http-backend``, and faults at will.

One server for each process of the tests; every test makes repositories of its own.
"""

from __future__ import annotations

import base64
import functools
import gzip
import os
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.parts.need import missing

_SETTINGS = {
    "http.receivepack": "true",
    "http.uploadpack": "true",
    "receive.autogc": "false",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
}


@dataclass(frozen=True)
class Request:
    """One request: ``service`` is ``upload-pack`` or ``receive-pack``, ``sent`` the bytes of the reply."""

    method: str
    service: str
    headers: dict[str, str]
    body: bytes
    sent: int


@dataclass
class Repository:
    """A bare repository of the host.

    ``credentials`` are asked for by everybody; ``fault`` is called with the service before and after git has done its
    work on a POST, and returns a status to answer with, 0 to cut the connection, or None.
    """

    path: Path
    url: str
    credentials: tuple[str, str] | None = None
    dumb: bool = False
    fault: Callable[[str, str], int | None] | None = None
    requests: list[Request] = field(default_factory=list)

    def git(self, *arguments: str) -> str:
        """What git says in the repository."""
        done = subprocess.run(["git", *arguments], cwd=self.path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def hook(self, script: str, name: str = "pre-receive") -> None:
        """Let a shell script decide on pushes."""
        file = self.path / "hooks" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def pushes(self) -> int:
        """How many pushes were received so far."""
        return sum(r.method == "POST" and r.service == "receive-pack" and len(r.body) > 4 for r in self.requests)

    def refs(self) -> list[str]:
        """The names of all refs."""
        return self.git("for-each-ref", "--format=%(refname)").split()

    def commits(self, ref: str = "refs/mlops-ci/workspace") -> int:
        """How many commits a ref has."""
        return int(self.git("rev-list", "--count", ref)) if ref in self.refs() else 0


class GitHost:
    """The server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repositories: dict[str, Repository] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def repository(self, **settings: str) -> Repository:
        """Make an empty repository; ``a__b`` is the setting ``a.b``."""
        name = f"{uuid.uuid4().hex}.git"
        path = self.folder / name
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(path)], check=True)
        for key, value in {**_SETTINGS, **{key.replace("__", "."): value for key, value in settings.items()}}.items():
            subprocess.run(["git", "config", key, value], cwd=path, check=True)
        made = Repository(path, f"http://127.0.0.1:{self._server.server_port}/{name}")
        self.repositories[name] = made
        return made


_folder: tempfile.TemporaryDirectory[str] | None = None
_host: GitHost | None = None


def git_host() -> GitHost:
    """The host of this process, started when it is first asked for."""
    global _folder, _host
    if _host is None:
        folder = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
        if not (Path(folder) / "git-http-backend").is_file():
            missing("git http-backend")
        _folder = tempfile.TemporaryDirectory(prefix="mlops-ci-git-", ignore_cleanup_errors=True)
        _host = GitHost(Path(_folder.name))
    return _host


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, host: GitHost, *arguments: Any) -> None:
        self.host = host
        super().__init__(*arguments)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the signature of the base
        pass

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self._body())

    def _serve(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        name, _, rest = path.lstrip("/").partition("/")
        repository = self.host.repositories.get(name)
        service = "receive-pack" if "receive-pack" in f"{rest}{query}" else "upload-pack"
        if repository is None:
            self._answer(404, {}, b"Not Found")
            return
        sent = 0
        try:
            scheme, _, given = self.headers.get("Authorization", "").partition(" ")
            if repository.credentials and (scheme.lower(), given) != ("basic", _basic(*repository.credentials)):
                self._answer(401, {"WWW-Authenticate": 'Basic realm="git"'}, b"")
                return
            if self._failed(repository, service, "before"):
                return
            query = "" if repository.dumb else query
            lowered = {key.lower(): value for key, value in self.headers.items()}
            status, headers, reply = answered_by_git(self.host.folder, self.command, path, query, lowered, body)
            if self._failed(repository, service, "after"):
                return
            sent = len(reply)
            self._answer(status, headers, reply)
        finally:
            headers = {key.lower(): value for key, value in self.headers.items()}
            repository.requests.append(Request(self.command, service, headers, body, sent))

    def _failed(self, repository: Repository, service: str, when: str) -> bool:
        status = repository.fault(service, when) if repository.fault and self.command == "POST" else None
        if status:
            self._answer(status, {}, b"")
        elif status == 0:
            self.close_connection = True
        return status is not None

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            data = b"".join(parts)
        else:
            data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return gzip.decompress(data) if self.headers.get("Content-Encoding") == "gzip" else data

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def answered_by_git(
    folder: Path, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    """What ``git http-backend`` answers about the repositories of a folder: status, headers, body.

    Headers are given in lower case, and the body as it is without any encoding.
    """
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
        "GIT_PROJECT_ROOT": str(folder),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_METHOD": method,
        "REMOTE_USER": "somebody",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
    }
    done = subprocess.run(
        ["git", "http-backend"], env=environment, input=body, capture_output=True, check=False, timeout=120
    )
    head, _, reply = done.stdout.partition(b"\r\n\r\n")
    said = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
    return int(said.pop("Status", "200 OK").split()[0]), said, reply


def _basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()
